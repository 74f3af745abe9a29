package import Processes

/// Why the vault did not do it; never with what.
package enum VaultError: Error, Sendable, Equatable {
    /// A key is not 32 bytes.
    case badKey
    /// The folder's keys belong to another root key.
    case wrongRootKey
    /// Too short or too long to be a record or an owner's key.
    case malformed
    /// Written by a newer version, or tampered with.
    case unknownFormat
    /// The owner is not a lower-case UUID.
    case badOwner
    /// The owner's keys are gone: destroyed, or the folder is another one.
    case noOwnerKey
    /// The record names a key that is not there (any more).
    case unknownKey
    /// Tampered with, or belongs to another row, owner, field or version.
    case notAuthentic
    /// A key cannot go: something is still under it.
    case stillUsed
    /// Another process holds the folder's lock.
    case busy
    case file(ProcessError)
}

extension VaultError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .badKey: "a key does not have 32 bytes"
        case .wrongRootKey: "the owners' keys belong to another root key"
        case .malformed: "not a record, or cut off"
        case .unknownFormat: "the format is unknown"
        case .badOwner: "the owner is no person's id"
        case .noOwnerKey: "the owner has no key (any more)"
        case .unknownKey: "sealed for another key"
        case .notAuthentic: "changed, or belongs elsewhere"
        case .stillUsed: "a key is still used"
        case .busy: "another process is changing the owners' keys"
        case .file(let error): "\(error)"
        }
    }
}

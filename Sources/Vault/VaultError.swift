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
    case file(ProcessError)
}

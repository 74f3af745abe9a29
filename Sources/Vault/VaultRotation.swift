internal import Cryptography

/// Replacing the root key and the owners' keys, in steps that may each be done again.
extension Vault {
    /// Which root keys there are, as their ids in hexadecimal: they tell nothing about the keys.
    package struct RootStanding: Sendable, Equatable {
        /// What owners' files may be under; two while it is being replaced, the new one last.
        package let inUse: [String]
        /// The one that this process has been given to replace it with, until it has.
        package let next: String?
    }

    package func rootStanding() throws(VaultError) -> RootStanding {
        let ids = try ownerKeys.claimed()
        let next = ownerKeys.roots.next.map(\.id)
        return RootStanding(inUse: ids.map(hex), next: next == ids.last ? nil : next.map(hex))
    }

    /// Of all root keys that this process has.
    package var rootIDs: [String] { ownerKeys.roots.all.map { hex($0.id) } }

    /// Those who have keys.
    package func owners() throws(VaultError) -> [String] { try ownerKeys.owners() }

    /// New keys are wrapped by the next root key from now on. Every process that uses the folder must have it by now.
    package func beginRootRotation() throws(VaultError) { try ownerKeys.beginRootRotation() }

    package func rewrap(_ owner: String) throws(VaultError) { _ = try ownerKeys.rewrap(owner) }

    /// Throws `stillUsed` while a file is under the old one.
    package func endRootRotation() throws(VaultError) { try ownerKeys.endRootRotation() }

    /// The id (8 bytes) of a new key of the owner's, under which `seal` seals from now on; nil where they have none to
    /// replace.
    package func addKey(of owner: String) throws(VaultError) -> [UInt8]? { try ownerKeys.addKey(of: owner) }

    package func keyIDs(of owner: String) throws(VaultError) -> [[UInt8]] { try ownerKeys.keyIDs(of: owner) }

    /// Records under one of these are unreadable afterwards. The owner's newest key stays, whatever is asked.
    package func dropKeys(_ ids: [[UInt8]], of owner: String) throws(VaultError) {
        try ownerKeys.dropKeys(ids, of: owner)
    }

    /// The same secret under a key of its owner's that is named. Throws `unknownKey` where there is none such.
    package func reseal(_ record: [UInt8], context: SealContext, under id: [UInt8]) throws(VaultError) -> [UInt8] {
        let secret = try open(record, context: context)
        return try SealedRecord(sealing: secret, under: try ownerKeys.key(id, of: context.owner), context: context)
            .bytes
    }
}

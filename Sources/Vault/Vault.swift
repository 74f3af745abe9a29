package import Cryptography

/// The worker's side of the vault: opens what the web sealed, and keeps secrets as records that only their owner's key
/// opens (trust.md S26, S37). Owners' keys lie in a folder, outside the database and its dumps.
package struct Vault: Sendable {
    private let ingressKey: HPKE.PrivateKey
    let ownerKeys: OwnerKeys

    /// All keys have 32 bytes. The folder must exist; it remembers which root key it belongs to.
    /// - Parameter nextRootKey: what the root key is to be replaced with, or has just been.
    package init(
        privateKey: [UInt8], rootKey: [UInt8], nextRootKey: [UInt8]? = nil, ownerKeys folder: String
    ) throws(VaultError) {
        do {
            ingressKey = try HPKE.PrivateKey(bytes: privateKey)
        } catch {
            throw .badKey
        }
        ownerKeys = try OwnerKeys(roots: Self.roots(rootKey, nextRootKey), folder: folder)
    }

    /// Throws what would keep a vault from working with these, and changes nothing.
    /// - Parameter publicKey: what the web seals with, if it is known here.
    package static func check(
        privateKey: [UInt8], rootKey: [UInt8], nextRootKey: [UInt8]? = nil, ownerKeys folder: String,
        publicKey: VaultPublicKey?
    ) throws(VaultError) {
        guard let key = try? HPKE.PrivateKey(bytes: privateKey) else { throw .badKey }
        if let publicKey, publicKey.key != key.publicKey { throw .unknownKey }
        try OwnerKeys.check(roots: roots(rootKey, nextRootKey), folder: folder)
    }

    private static func roots(_ current: [UInt8], _ next: [UInt8]?) throws(VaultError) -> RootKeys {
        var nextKey: RootKey?
        if let next { nextKey = try RootKey(bytes: next) }
        return RootKeys(current: try RootKey(bytes: current), next: nextKey)
    }

    /// What the web needs to seal for this vault.
    package func publicKey() throws(VaultError) -> VaultPublicKey {
        do { return try VaultPublicKey(bytes: ingressKey.publicKey) } catch { throw .badKey }
    }

    /// Opens what `VaultPublicKey.seal` made.
    package func openIngress(_ sealed: [UInt8], context: SealContext) throws(VaultError) -> SecretBytes {
        guard sealed.count >= 5 + HPKE.encapsulatedCount + 16 else { throw .malformed }
        guard sealed[0] == VaultPublicKey.version else { throw .unknownFormat }
        guard try Array(sealed[1..<5]) == publicKey().id else { throw .unknownKey }
        do {
            return SecretBytes(
                try ingressKey.open(
                    Array(sealed[5...]), info: VaultPublicKey.info,
                    authenticating: context.bytes(purpose: "ingress")))
        } catch {
            throw .notAuthentic
        }
    }

    /// A record (format 1) under the owner's newest key, which is made on first use.
    package func seal(_ secret: borrowing SecretBytes, context: SealContext) throws(VaultError) -> [UInt8] {
        let key = try ownerKeys.current(of: context.owner)
        return try SealedRecord(sealing: secret, under: key, context: context).bytes
    }

    package func open(_ record: [UInt8], context: SealContext) throws(VaultError) -> SecretBytes {
        let record = try SealedRecord(bytes: record)
        let key = try ownerKeys.key(record.keyID, of: context.owner)
        return try record.open(with: key, context: context)
    }

    /// None of the owner's records can be opened afterwards, by anyone. Without a key this does nothing.
    package func destroyOwner(_ owner: String) throws(VaultError) {
        try ownerKeys.destroy(owner)
    }

    /// A secret all the way through: in, under an owner's key on disk, out, and destroyed.
    package func selfTest() throws(VaultError) {
        let isRight = try ownerKeys.testing { owner throws(VaultError) in
            let context = SealContext(table: "vault", row: owner, owner: owner, field: "test", version: 1)
            let canary = randomBytes(32)
            let sealed: [UInt8]
            do { sealed = try publicKey().seal(canary, context: context) } catch { throw .badKey }
            let record = try seal(try openIngress(sealed, context: context), context: context)
            return try open(record, context: context).withBytes { constantTimeEquals($0, canary) }
        }
        guard isRight else { throw .notAuthentic }
    }
}

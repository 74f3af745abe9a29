internal import Cryptography

/// The key above all owners' keys.
struct RootKey: Sendable {
    private let bytes: [UInt8]
    /// Tells which root key wrapped a file, and nothing about it.
    let id: [UInt8]

    init(bytes: [UInt8]) throws(VaultError) {
        guard bytes.count == 32 else { throw .badKey }
        self.bytes = bytes
        id = Array(hmacSHA256(key: bytes, Array("batchport vault root id".utf8)).prefix(8))
    }

    func wrap(_ key: borrowing OwnerKey, of owner: String) throws(VaultError) -> [UInt8] {
        let wrapping = wrappingKey(owner, key.id)
        do {
            return try key.secret.withBytes { (secret) throws(CryptographyError) in
                try wrapping.withBytes { (wrapping) throws(CryptographyError) in
                    try AESKeyWrap.wrap(secret, with: wrapping)
                }
            }
        } catch {
            throw .malformed
        }
    }

    func unwrap(_ wrapped: [UInt8], id: [UInt8], of owner: String) throws(VaultError) -> OwnerKey {
        let wrapping = wrappingKey(owner, id)
        do {
            let secret = try wrapping.withBytes { (wrapping) throws(CryptographyError) in
                try AESKeyWrap.unwrap(wrapped, with: wrapping)
            }
            return OwnerKey(id: id, secret: SecretBytes(secret))
        } catch {
            throw .notAuthentic
        }
    }

    /// Key wrap has no context of its own: a key derived for this owner and key id keeps files from being exchanged.
    private func wrappingKey(_ owner: String, _ keyID: [UInt8]) -> SecretBytes {
        SecretBytes(hmacSHA256(key: bytes, Array("batchport vault owner key 1 \(owner) \(hex(keyID))".utf8)))
    }
}

/// The root keys that a process has: the current one, and where it is being replaced, the next. Which is which the folder
/// says; a key is found by its id.
struct RootKeys: Sendable {
    let current: RootKey
    let next: RootKey?

    func key(_ id: [UInt8]) throws(VaultError) -> RootKey {
        guard let key = all.first(where: { $0.id == id }) else { throw .wrongRootKey }
        return key
    }

    var all: [RootKey] { [current] + (next.map { [$0] } ?? []) }

    func require(_ ids: [[UInt8]]) throws(VaultError) {
        for id in ids { _ = try key(id) }
    }
}

internal import Cryptography

/// Record format 1: format (1 byte), id of the owner's key (8), data key wrapped by that key (40), nonce (12), ciphertext
/// and tag (16). Each record has a data key of its own; the context and the key id are authenticated with the secret.
struct SealedRecord {
    static let format: UInt8 = 1
    private static let headCount = 1 + OwnerKey.idCount + 40 + 12
    /// Secrets are keys, not files.
    private static let limit = 64 << 10

    let keyID: [UInt8]
    private let wrappedKey: [UInt8]
    private let nonce: [UInt8]
    private let ciphertext: [UInt8]

    init(bytes: [UInt8]) throws(VaultError) {
        guard let format = bytes.first else { throw .malformed }
        guard format == Self.format else { throw .unknownFormat }
        guard (Self.headCount + 16...Self.headCount + 16 + Self.limit).contains(bytes.count) else { throw .malformed }
        keyID = Array(bytes[1..<9])
        wrappedKey = Array(bytes[9..<49])
        nonce = Array(bytes[49..<61])
        ciphertext = Array(bytes[61...])
    }

    init(sealing secret: borrowing SecretBytes, under key: borrowing OwnerKey, context: SealContext) throws(VaultError)
    {
        guard secret.count <= Self.limit else { throw .malformed }
        keyID = key.id
        nonce = randomBytes(12)
        let dataKey = SecretBytes(randomBytes(32))
        let associated = Self.associated(context, keyID)
        do {
            wrappedKey = try key.secret.withBytes { (key) throws(CryptographyError) in
                try dataKey.withBytes { (bytes) throws(CryptographyError) in try AESKeyWrap.wrap(bytes, with: key) }
            }
            let nonce = nonce
            ciphertext = try secret.withBytes { (plaintext) throws(CryptographyError) in
                try dataKey.withBytes { (key) throws(CryptographyError) in
                    try AES256GCM.seal(plaintext, key: key, nonce: nonce, authenticating: associated)
                }
            }
        } catch {
            throw .malformed
        }
    }

    var bytes: [UInt8] { [Self.format] + keyID + wrappedKey + nonce + ciphertext }

    func open(with key: borrowing OwnerKey, context: SealContext) throws(VaultError) -> SecretBytes {
        do {
            let dataKey = SecretBytes(
                try key.secret.withBytes { (key) throws(CryptographyError) in
                    try AESKeyWrap.unwrap(wrappedKey, with: key)
                })
            return SecretBytes(
                try dataKey.withBytes { (key) throws(CryptographyError) in
                    try AES256GCM.open(
                        ciphertext, key: key, nonce: nonce, authenticating: Self.associated(context, keyID))
                })
        } catch {
            throw .notAuthentic
        }
    }

    private static func associated(_ context: SealContext, _ keyID: [UInt8]) -> [UInt8] {
        [format] + context.bytes(purpose: "record") + keyID
    }
}

package import Cryptography

/// Seals secrets for the vault (ingress): whoever has this can put secrets in, and get none out.
///
/// Bytes: version 1, key id (4, the start of the key's SHA-256), encapsulated key (32), ciphertext and tag.
package struct VaultPublicKey: Sendable {
    package static let version: UInt8 = 1
    static let info = Array("batchport vault ingress 1".utf8)

    let key: [UInt8]

    /// 32 bytes, X25519.
    package init(bytes: [UInt8]) throws(CryptographyError) {
        guard bytes.count == 32 else { throw CryptographyError(kind: .badLength, operation: "vault public key") }
        key = bytes
    }

    package var id: [UInt8] { Array(sha256(key).prefix(4)) }

    package func seal(_ secret: [UInt8], context: SealContext) throws(CryptographyError) -> [UInt8] {
        let sealed = try HPKE.seal(secret, to: key, info: Self.info, authenticating: context.bytes(purpose: "ingress"))
        return [Self.version] + id + sealed
    }
}

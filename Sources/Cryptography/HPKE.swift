internal import Crypto
internal import FoundationEssentials

/// HPKE base mode (RFC 9180) with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM: anyone with the public key
/// seals, only the holder of the private key opens. One message a context.
package enum HPKE {
    private static func suite(_ cipher: Cipher) -> Crypto.HPKE.Ciphersuite {
        .init(
            kem: .Curve25519_HKDF_SHA256, kdf: .HKDF_SHA256, aead: cipher == .aes256 ? .AES_GCM_256 : .AES_GCM_128)
    }

    /// The RFC's vectors for this KEM are of AES-128; nothing of ours is.
    enum Cipher {
        case aes128, aes256
    }

    /// Length of the encapsulated key in front of the ciphertext.
    package static let encapsulatedCount = 32

    /// Encapsulated key (32 bytes), then ciphertext and tag.
    package static func seal(
        _ plaintext: [UInt8], to publicKey: [UInt8], info: [UInt8], authenticating context: [UInt8]
    ) throws(CryptographyError) -> [UInt8] {
        do {
            let key = try Curve25519.KeyAgreement.PublicKey(rawRepresentation: publicKey)
            var sender = try Crypto.HPKE.Sender(recipientKey: key, ciphersuite: suite(.aes256), info: Data(info))
            let ciphertext = try sender.seal(plaintext, authenticating: context)
            return Array(sender.encapsulatedKey) + Array(ciphertext)
        } catch {
            throw failed("HPKE seal")
        }
    }

    package struct PrivateKey: Sendable {
        private let key: Curve25519.KeyAgreement.PrivateKey

        package static func generate() -> PrivateKey { PrivateKey(key: .init()) }

        private init(key: Curve25519.KeyAgreement.PrivateKey) { self.key = key }

        /// 32 bytes.
        package init(bytes: [UInt8]) throws(CryptographyError) {
            do {
                key = try .init(rawRepresentation: bytes)
            } catch {
                throw failed("HPKE key", .badLength)
            }
        }

        package var bytes: [UInt8] { Array(key.rawRepresentation) }
        package var publicKey: [UInt8] { Array(key.publicKey.rawRepresentation) }

        package func open(
            _ sealed: [UInt8], info: [UInt8], authenticating context: [UInt8]
        ) throws(CryptographyError) -> [UInt8] {
            try open(sealed, info: info, authenticating: context, cipher: .aes256)
        }

        func open(
            _ sealed: [UInt8], info: [UInt8], authenticating context: [UInt8], cipher: Cipher
        ) throws(CryptographyError) -> [UInt8] {
            guard sealed.count >= HPKE.encapsulatedCount + 16 else { throw failed("HPKE open", .badLength) }
            do {
                var recipient = try Crypto.HPKE.Recipient(
                    privateKey: key, ciphersuite: HPKE.suite(cipher), info: Data(info),
                    encapsulatedKey: Data(sealed.prefix(HPKE.encapsulatedCount)))
                return Array(
                    try recipient.open(Data(sealed.dropFirst(HPKE.encapsulatedCount)), authenticating: Data(context)))
            } catch {
                throw failed("HPKE open", .notAuthentic)
            }
        }
    }
}

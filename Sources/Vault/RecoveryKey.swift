internal import Cryptography

/// What is written down once, at installation, and kept elsewhere: it brings back keys that were sealed to it, when the
/// machine that held them is gone. Sealing takes only its public half.
package struct RecoveryKey: Sendable {
    private static let version: UInt8 = 1
    private static let info = Array("batchport recovery 1".utf8)
    private let key: HPKE.PrivateKey

    private init(key: HPKE.PrivateKey) { self.key = key }

    package static func generate() -> RecoveryKey { RecoveryKey(key: .generate()) }

    /// As it was printed; blanks, hyphens and capitals do not matter. A mistyped one is `badKey`.
    package init(text: String) throws(VaultError) {
        let digits = text.lowercased().filter { !$0.isWhitespace && $0 != "-" }
        guard let bytes = unhex(digits), bytes.count == 34,
            Array(sha256(Array(bytes[..<32])).prefix(2)) == Array(bytes[32...])
        else { throw .badKey }
        do { key = try HPKE.PrivateKey(bytes: Array(bytes[..<32])) } catch { throw .badKey }
    }

    /// 17 groups of four hexadecimal digits; the last is a check on the others.
    package var text: String {
        let digits = Array(hex(key.bytes + sha256(key.bytes).prefix(2)))
        return stride(from: 0, to: digits.count, by: 4).map { String(digits[$0..<$0 + 4]) }.joined(separator: "-")
    }

    /// 32 bytes, X25519.
    package var publicKey: [UInt8] { key.publicKey }

    /// - Parameter name: what it is; it must be named again to open it.
    package static func seal(_ secret: [UInt8], named name: String, to publicKey: [UInt8]) throws(VaultError) -> [UInt8]
    {
        do {
            return [version] + (try HPKE.seal(secret, to: publicKey, info: info, authenticating: Array(name.utf8)))
        } catch {
            throw .badKey
        }
    }

    package func open(_ sealed: [UInt8], named name: String) throws(VaultError) -> [UInt8] {
        guard let first = sealed.first else { throw .malformed }
        guard first == Self.version else { throw .unknownFormat }
        do {
            return try key.open(Array(sealed.dropFirst()), info: Self.info, authenticating: Array(name.utf8))
        } catch {
            throw .notAuthentic
        }
    }
}

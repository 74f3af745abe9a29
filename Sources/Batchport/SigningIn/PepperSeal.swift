import Cryptography
import JSON

/// What only the web may read back, sealed with AES-256-GCM under a key made of the pepper for one purpose each. The
/// database that keeps it does not hold the pepper.
struct PepperSeal {
    private let key: [UInt8]
    private let purpose: String

    init(_ purpose: String, _ site: Site) {
        key = hmacSHA256(key: site.pepper, Array("batchport seal \(purpose)".utf8))
        self.purpose = purpose
    }

    /// Nonce, ciphertext, tag. `context` must be said again to open it.
    func seal(_ bytes: [UInt8], context: String) throws -> [UInt8] {
        let nonce = randomBytes(12)
        return nonce + (try AES256GCM.seal(bytes, key: key, nonce: nonce, authenticating: associated(context)))
    }

    /// Nil for what was not sealed here, for this.
    func open(_ sealed: [UInt8], context: String) -> [UInt8]? {
        guard sealed.count > 28 else { return nil }
        return try? AES256GCM.open(
            Array(sealed.dropFirst(12)), key: key, nonce: Array(sealed.prefix(12)), authenticating: associated(context))
    }

    private func associated(_ context: String) -> [UInt8] { Array("\(purpose)|\(context)".utf8) }
}

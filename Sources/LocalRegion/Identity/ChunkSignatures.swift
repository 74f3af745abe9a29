import AWS
import Cryptography

/// The chain of signatures in a body of signed chunks: each covers its chunk and the signature before it, the first of
/// which is the request's own.
struct ChunkSignatures: Sendable {
    private let key: [UInt8]
    private let timestamp: String
    private let scope: SigV4.Scope
    private var previous: String

    init(secret: String, _ scope: SigV4.Scope, timestamp: String, seed: String) {
        key = SigV4.signingKey(secretAccessKey: secret, scope: scope)
        self.timestamp = timestamp
        self.scope = scope
        previous = seed
    }

    /// `sha256` of the chunk's bytes, in hexadecimal.
    mutating func check(_ signature: String?, sha256: String) throws(LocalFault) {
        let text = SigV4.chunkToSign(sha256: sha256, previous: previous, timestamp: timestamp, scope: scope)
        previous = try check(signature, of: text)
    }

    /// A line `name:value\n` for each, without the signature's own.
    mutating func check(_ signature: String?, trailers: String) throws(LocalFault) {
        let text = SigV4.trailersToSign(trailers, previous: previous, timestamp: timestamp, scope: scope)
        previous = try check(signature, of: text)
    }

    private func check(_ signature: String?, of text: String) throws(LocalFault) -> String {
        let expected = SigV4.signature(of: text, key: key)
        guard let signature, constantTimeEquals(Array(expected.utf8), Array(signature.utf8)) else {
            throw LocalFault(
                status: 403, code: LocalService.s3.badSignatureCode,
                message: "The request signature we calculated does not match the signature you provided. Check your "
                    + "key and signing method.", details: [("StringToSign", text)])
        }
        return signature
    }
}

extension Verification {
    /// For the chunks of a request whose own signature holds.
    func chunkSignatures(_ key: AccessKey) -> ChunkSignatures {
        ChunkSignatures(
            secret: key.secret, claim.scope.sigV4, timestamp: claim.timestamp, seed: claim.signature)
    }
}

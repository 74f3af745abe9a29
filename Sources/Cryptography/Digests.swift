internal import COpenSSL

/// SHA-256 (FIPS 180-4) of the bytes, 32 bytes.
package func sha256(_ bytes: [UInt8]) -> [UInt8] {
    var hasher = SHA256Hasher()
    hasher.update(bytes)
    return hasher.finish()
}

/// HMAC-SHA-256 (RFC 2104), 32 bytes.
package func hmacSHA256(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    unsafe hmac(EVP_sha256(), length: 32, key: key, message)
}

/// HMAC-SHA-1, 20 bytes, only for one-time passwords (RFC 6238): most authenticators know no other.
package func hmacSHA1(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    unsafe hmac(EVP_sha1(), length: 20, key: key, message)
}

private func hmac(_ digest: OpaquePointer?, length: Int, key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    clearErrors()
    var out = [UInt8](repeating: 0, count: length)
    var written: UInt32 = 0
    // An empty array has no address, and HMAC takes NULL for "the key of before".
    let usable = key.isEmpty ? [0] : key
    let isDone = unsafe HMAC(digest, usable, Int32(key.count), message, message.count, &out, &written) != nil
    precondition(isDone && written == UInt32(length), "SHA-1 and SHA-256 are part of every OpenSSL")
    return out
}

/// Equal, in a time that depends on the lengths only.
package func constantTimeEquals(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    guard a.count == b.count else { return false }
    return unsafe CRYPTO_memcmp(a, b, a.count) == 0
}

/// SHA-256 of bytes that come piece by piece.
package struct SHA256Hasher: ~Copyable {
    private var digest = Digest(.sha256)

    package init() {}

    package mutating func update(_ bytes: [UInt8]) { digest.update(bytes) }
    package mutating func finish() -> [UInt8] { digest.finish() }
}

/// MD5 (RFC 1321), only for S3's ETag and Content-MD5.
package struct MD5Hasher: ~Copyable {
    private var digest = Digest(.md5)

    package init() {}

    package mutating func update(_ bytes: [UInt8]) { digest.update(bytes) }
    package mutating func finish() -> [UInt8] { digest.finish() }
}

/// SHA-1 (FIPS 180-4), only for S3's checksums, which guard against accidents.
package struct SHA1Hasher: ~Copyable {
    private var digest = Digest(.sha1)

    package init() {}

    package mutating func update(_ bytes: [UInt8]) { digest.update(bytes) }
    package mutating func finish() -> [UInt8] { digest.finish() }
}

/// Not private: with optimization other modules refer to its metadata, which would then not be emitted.
@safe struct Digest: ~Copyable {
    enum Algorithm {
        case sha256
        case sha1
        case md5

        var length: Int {
            switch self {
            case .sha256: 32
            case .sha1: 20
            case .md5: 16
            }
        }

        var function: OpaquePointer? {
            switch self {
            case .sha256: unsafe EVP_sha256()
            case .sha1: unsafe EVP_sha1()
            case .md5: unsafe EVP_md5()
            }
        }
    }

    private let context: OpaquePointer
    private let length: Int

    init(_ algorithm: Algorithm) {
        guard let context = unsafe EVP_MD_CTX_new() else { preconditionFailure("out of memory") }
        unsafe self.context = unsafe context
        length = algorithm.length
        let started = unsafe EVP_DigestInit_ex(context, algorithm.function, nil)
        precondition(started == 1, "SHA-256, SHA-1 and MD5 are part of every OpenSSL")
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    mutating func update(_ bytes: [UInt8]) {
        let done = unsafe EVP_DigestUpdate(context, bytes, bytes.count)
        precondition(done == 1, "a started digest takes any bytes")
    }

    mutating func finish() -> [UInt8] {
        var out = [UInt8](repeating: 0, count: length)
        let done = unsafe EVP_DigestFinal_ex(context, &out, nil)
        precondition(done == 1, "a started digest ends")
        return out
    }
}

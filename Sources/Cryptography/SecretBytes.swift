internal import COpenSSL

/// Bytes that have one owner, never print, and are wiped when their owner lets go.
package struct SecretBytes: ~Copyable {
    private var bytes: [UInt8]

    package init(_ bytes: consuming [UInt8]) { self.bytes = bytes }

    deinit {
        var bytes = bytes
        unsafe bytes.withUnsafeMutableBytes { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) }
    }

    package var count: Int { bytes.count }

    /// The bytes, for the time of the call only: keep no copy.
    package borrowing func withBytes<R>(_ body: ([UInt8]) throws -> R) rethrows -> R { try body(bytes) }
}

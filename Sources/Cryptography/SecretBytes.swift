internal import COpenSSL

/// Bytes that have one owner, never print, and are wiped when their owner lets go.
package struct SecretBytes: ~Copyable {
    private let storage: Storage

    package init(_ bytes: consuming [UInt8]) { storage = Storage(bytes) }

    package var count: Int { storage.bytes.count }

    /// The bytes, for the time of the call only: keep no copy.
    package borrowing func withBytes<R, Failure>(
        _ body: ([UInt8]) throws(Failure) -> R
    ) throws(Failure) -> R { try body(storage.bytes) }

    /// A class, because a structure's deinit can only wipe a copy of its array.
    private final class Storage {
        private(set) var bytes: [UInt8]

        init(_ bytes: consuming [UInt8]) { self.bytes = bytes }

        deinit { wipe(&bytes) }
    }
}

/// Overwrites the array's memory, in a way that the optimiser does not remove. Other copies of it stay as they are.
package func wipe(_ bytes: inout [UInt8]) {
    unsafe bytes.withUnsafeMutableBytes { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) }
}

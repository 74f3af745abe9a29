import Glibc

/// Records of the answer, written past libfcgi: its buffer has 8 KiB, and every filling is a system call and a wake-up of
/// the web server. One record takes up to 64 KiB (FastCGI 1.0 §3.3).
enum RecordWriting {
    private static let longest = 65_528
    private static let version: UInt8 = 1
    private static let standardOutput: UInt8 = 6

    /// Sends all of it, or throws `ClientGone`. What libfcgi has buffered must have been flushed.
    static func write(_ bytes: [UInt8], request: Int32, to descriptor: Int32) throws {
        try unsafe bytes.withUnsafeBytes { body in
            for start in stride(from: 0, to: body.count, by: longest) {
                let count = min(longest, body.count - start)
                let padding = (8 - count % 8) % 8
                let header = [
                    version, standardOutput, UInt8(truncatingIfNeeded: request >> 8),
                    UInt8(truncatingIfNeeded: request), UInt8(count >> 8), UInt8(count & 255), UInt8(padding), 0,
                ]
                let content = unsafe UnsafeRawBufferPointer(rebasing: body[start..<start + count])
                try unsafe send([header, Array(repeating: 0, count: padding)], around: content, to: descriptor)
            }
        }
    }

    /// The first of the two, the content, the second: in one call where the socket takes it.
    private static func send(
        _ frame: [[UInt8]], around content: UnsafeRawBufferPointer, to descriptor: Int32
    ) throws {
        try unsafe frame[0].withUnsafeBytes { head in
            try unsafe frame[1].withUnsafeBytes { tail in
                var parts = unsafe [head, content, tail].map { part in
                    unsafe iovec(iov_base: UnsafeMutableRawPointer(mutating: part.baseAddress), iov_len: part.count)
                }
                while let first = unsafe parts.first {
                    if unsafe first.iov_len == 0 {
                        unsafe parts.removeFirst()
                        continue
                    }
                    let wrote = unsafe writev(descriptor, parts, Int32(parts.count))
                    if wrote < 0 && errno == EINTR { continue }
                    guard wrote > 0 else { throw ClientGone() }
                    unsafe advance(&parts, by: wrote)
                }
            }
        }
    }

    private static func advance(_ parts: inout [iovec], by count: Int) {
        var left = count
        while left > 0, let first = unsafe parts.first {
            let taken = unsafe min(left, first.iov_len)
            left -= taken
            if unsafe taken == first.iov_len {
                unsafe parts.removeFirst()
            } else {
                unsafe parts[0].iov_base += taken
                unsafe parts[0].iov_len -= taken
            }
        }
    }
}

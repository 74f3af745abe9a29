import Glibc

/// What a program without a log says to whoever started it.
package enum StandardError {
    /// In one write, so that lines of several processes do not mix; a reader that has gone is no error.
    package static func write(line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, bytes.count) }
    }
}

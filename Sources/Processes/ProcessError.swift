import Glibc

/// A system call that failed: its name, what it was about, and errno.
package struct ProcessError: Error, Sendable, Equatable, CustomStringConvertible {
    package let call: String
    package let subject: String
    package let code: Int32

    package init(_ call: String, _ subject: String, code: Int32 = errno) {
        self.call = call
        self.subject = subject
        self.code = code
    }

    /// There is nothing of that name.
    package var isNotFound: Bool { code == ENOENT }

    /// More than the limit of who reads.
    package var isTooLarge: Bool { code == EFBIG }

    package var description: String {
        let text = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
        return "\(call) \(subject): \(text)"
    }
}

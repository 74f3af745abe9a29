internal import CLinux
import Glibc

/// Files too large to hold, piece by piece.
extension Descriptor {
    /// A file to read. With `followsLinks` false, a symbolic link is an error (ELOOP) instead of what it points to.
    package static func reading(_ path: String, followsLinks: Bool = true) throws(ProcessError) -> Descriptor {
        try open(path, O_RDONLY | O_NONBLOCK | (followsLinks ? 0 : O_NOFOLLOW), mode: 0)
    }

    /// A file to write that is not there yet.
    package static func creating(_ path: String, mode: UInt32 = 0o644) throws(ProcessError) -> Descriptor {
        try open(path, O_WRONLY | O_CREAT | O_EXCL, mode: mode)
    }

    /// A file's, in bytes.
    package func size() throws(ProcessError) -> Int {
        var status = stat()
        guard unsafe fstat(number, &status) == 0 else { throw ProcessError("fstat", "descriptor \(number)") }
        return Int(status.st_size)
    }

    private static func open(_ path: String, _ flags: Int32, mode: UInt32) throws(ProcessError) -> Descriptor {
        let number = unsafe bp_open(path, flags | O_CLOEXEC, mode)
        guard number >= 0 else { throw ProcessError("open", path) }
        return Descriptor(number)
    }
}

internal import CLinux
import Glibc

/// Mounted file systems, and whose files are.
package enum Filesystem {
    /// Bytes in use on the file system that holds `path`; nil when it cannot be asked.
    package static func usedBytes(_ path: String) -> Int? {
        var figures = statvfs()
        guard unsafe statvfs(path, &figures) == 0 else { return nil }
        return Int(figures.f_blocks - figures.f_bfree) * Int(figures.f_frsize)
    }

    /// Makes `path` a user's, and the group's of the same number. For root only.
    package static func give(_ path: String, to user: UInt32) throws(ProcessError) {
        guard unsafe lchown(path, user, user) == 0 else { throw ProcessError("chown", path) }
    }
}

/// Who this process is to the kernel.
package enum Identity {
    package static var user: UInt32 { geteuid() }
}

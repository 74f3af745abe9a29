internal import CLinux
import Glibc

/// Questions about folders and mounted file systems.
package enum Filesystem {
    /// The names in a folder, without `.` and `..`, in no order; none when it cannot be read.
    package static func names(in folder: String) -> [String] {
        guard let stream = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

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

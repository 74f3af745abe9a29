internal import CLinux
import Glibc

/// Folders and what is in them.
package enum Folder {
    package struct Entry: Sendable, Equatable {
        /// With U+FFFD for bytes that are not UTF-8; then `isUTF8` is false and the name leads nowhere.
        package let name: String
        package let isUTF8: Bool
        package let kind: Kind
        /// A file's, in bytes.
        package let size: Int
    }

    package enum Kind: Sendable, Equatable {
        case file, folder, link, other
    }

    /// What lies in the folder itself, without `.` and `..`, in the order of the names' bytes. Links are not followed.
    package static func entries(_ path: String) throws(ProcessError) -> [Entry] {
        guard let folder = unsafe opendir(path) else { throw ProcessError("opendir", path) }
        defer { unsafe closedir(folder) }
        var found: [Entry] = []
        while let next = unsafe readdir(folder) {
            let name = unsafe withUnsafeBytes(of: &next.pointee.d_name) { unsafe Array($0.prefix { $0 != 0 }) }
            if name == [0x2E] || name == [0x2E, 0x2E] { continue }
            if let entry = unsafe entry(name, in: dirfd(folder)) { found.append(entry) }
        }
        return found.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// What is there; nil if nothing is.
    package static func kind(_ path: String, followsLinks: Bool = false) -> Kind? {
        var status = stat()
        let flags = followsLinks ? 0 : AT_SYMLINK_NOFOLLOW
        return unsafe fstatat(AT_FDCWD, path, &status, flags) == 0 ? kind(status) : nil
    }

    package static func create(_ path: String, mode: UInt32 = 0o755) throws(ProcessError) {
        guard unsafe mkdir(path, mode) == 0 else { throw ProcessError("mkdir", path) }
    }

    /// A new folder of mode 0700 in `parent`, its name beginning with `prefix`.
    package static func createTemporary(in parent: String, prefix: String) throws(ProcessError) -> String {
        let template = (parent == "/" ? "" : parent) + "/" + prefix + "XXXXXX"
        var bytes = template.utf8CString
        let made = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            unsafe buffer.baseAddress.flatMap { unsafe mkdtemp($0) } != nil
        }
        guard made else { throw ProcessError("mkdtemp", template) }
        return String(decoding: bytes.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// This process's own; nil if it has been removed or its path is not UTF-8.
    package static func current() -> String? {
        guard let path = unsafe getcwd(nil, 0) else { return nil }
        defer { unsafe free(path) }
        return unsafe String(validatingCString: path)
    }

    /// Whether this process may make files in it.
    package static func isWritable(_ path: String) -> Bool { unsafe access(path, W_OK | X_OK) == 0 }

    private static func entry(_ name: [UInt8], in folder: Int32) -> Entry? {
        var status = stat()
        let path = name.map { CChar(bitPattern: $0) } + [0]
        guard unsafe fstatat(folder, path, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        let text = String(decoding: name, as: UTF8.self)
        return Entry(name: text, isUTF8: text.utf8.elementsEqual(name), kind: kind(status), size: Int(status.st_size))
    }

    private static func kind(_ status: stat) -> Kind {
        switch status.st_mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .folder
        case S_IFLNK: .link
        default: .other
        }
    }
}

internal import CLinux
import Glibc

/// Whole small files: keys, settings, documents.
package enum File {
    /// The bytes; an error if there are more than `limit`.
    package static func read(_ path: String, limit: Int = 16 << 20) throws(ProcessError) -> [UInt8] {
        let number = unsafe bp_open(path, O_RDONLY | O_CLOEXEC, 0)
        guard number >= 0 else { throw ProcessError("open", path) }
        let file = Descriptor(number)
        var bytes: [UInt8] = []
        while true {
            let piece = try file.read(max: 1 << 16)
            if piece.isEmpty { return bytes }
            bytes += piece
            guard bytes.count <= limit else { throw ProcessError("read", path, code: EFBIG) }
        }
    }

    /// Written beside, synced, and moved into place: the old file or the whole new one, never half, also after a
    /// power cut.
    package static func write(_ bytes: [UInt8], to path: String, mode: UInt32 = 0o600) throws(ProcessError) {
        let temporary = try writeBeside(path, bytes, mode)
        guard unsafe rename(temporary, path) == 0 else {
            let error = ProcessError("rename", path)
            _ = unsafe unlink(temporary)
            throw error
        }
        try syncFolder(of: path)
    }

    /// Like `write`, but an error with code EEXIST where a file is already: of several at once exactly one succeeds.
    package static func create(_ bytes: [UInt8], at path: String, mode: UInt32 = 0o600) throws(ProcessError) {
        let temporary = try writeBeside(path, bytes, mode)
        let isMade = unsafe link(temporary, path) == 0
        let error = ProcessError("link", path)
        _ = unsafe unlink(temporary)
        guard isMade else { throw error }
        try syncFolder(of: path)
    }

    /// Gone for good when it returns; false if there was none.
    @discardableResult
    package static func remove(_ path: String) throws(ProcessError) -> Bool {
        guard unsafe unlink(path) == 0 else {
            if errno == ENOENT { return false }
            throw ProcessError("unlink", path)
        }
        try syncFolder(of: path)
        return true
    }

    /// For what nobody relies on: not synced, and one that is not there is no error.
    package static func discard(_ path: String) { _ = unsafe unlink(path) }

    /// Within one file system, over what may be there: whoever looks finds the old file or the new one. Durable when it
    /// returns, if the file itself was synced.
    package static func move(_ path: String, to target: String) throws(ProcessError) {
        guard unsafe rename(path, target) == 0 else { throw ProcessError("rename", path) }
        try syncFolder(of: target)
    }

    /// Seconds since the epoch; nil if it is not there.
    package static func modifiedAt(_ path: String) -> Int64? {
        var info = stat()
        return unsafe lstat(path, &info) == 0 ? Int64(info.st_mtim.tv_sec) : nil
    }

    /// Zeros in place of what the file holds, synced.
    package static func overwrite(_ path: String) throws(ProcessError) {
        let number = unsafe bp_open(path, O_WRONLY | O_CLOEXEC, 0)
        guard number >= 0 else { throw ProcessError("open", path) }
        let file = Descriptor(number)
        let size = lseek(number, 0, SEEK_END)
        guard size >= 0, lseek(number, 0, SEEK_SET) == 0 else { throw ProcessError("seek", path) }
        try file.write([UInt8](repeating: 0, count: size))
        guard fsync(number) == 0 else { throw ProcessError("fsync", path) }
    }

    /// Whether there is a program that this process may start.
    package static func isExecutable(_ path: String) -> Bool {
        unsafe Folder.kind(path, followsLinks: true) == .file && access(path, X_OK) == 0
    }

    package static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// The path of a synced file in the same folder.
    private static func writeBeside(
        _ path: String, _ bytes: [UInt8], _ mode: UInt32
    ) throws(ProcessError) -> String {
        let temporary = path + ".new-" + String(UInt64.random(in: .min ... .max), radix: 36)
        let number = unsafe bp_open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard number >= 0 else { throw ProcessError("open", temporary) }
        let file = Descriptor(number)
        do throws(ProcessError) {
            try file.write(bytes)
            guard fsync(number) == 0 else { throw ProcessError("fsync", temporary) }
        } catch {
            _ = unsafe unlink(temporary)
            throw error
        }
        return temporary
    }

    /// A new name is durable only once its folder is.
    private static func syncFolder(of path: String) throws(ProcessError) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let folder = parts.isEmpty ? "." : parts.joined(separator: "/") + "/"
        let number = unsafe bp_open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
        guard number >= 0 else { throw ProcessError("open", folder) }
        let opened = Descriptor(number)
        guard fsync(opened.number) == 0 else { throw ProcessError("fsync", folder) }
    }
}

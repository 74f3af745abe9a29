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

    /// Written beside, synced, and moved into place: the old file or the whole new one, never half.
    package static func write(_ bytes: [UInt8], to path: String, mode: UInt32 = 0o600) throws(ProcessError) {
        let temporary = path + ".\(getpid())"
        let number = unsafe bp_open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard number >= 0 else { throw ProcessError("open", temporary) }
        let file = Descriptor(number)
        try file.write(bytes)
        guard fsync(number) == 0 else { throw ProcessError("fsync", temporary) }
        guard unsafe rename(temporary, path) == 0 else { throw ProcessError("rename", path) }
    }

    package static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }
}

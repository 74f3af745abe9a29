import FoundationEssentials
import Glibc
import Processes

/// The bytes of objects and parts, each a file under its id. A file means nothing until a row names it: what is being
/// received lies in `incoming/` and is moved out, synced, before the row is written.
struct ObjectFiles: Sendable {
    private let folder: String

    /// `folder` is the region's state folder.
    init(state folder: String) { self.folder = folder + "/objects" }

    func prepare() throws {
        for part in ["incoming"] + Self.shards {
            try FileManager.default.createDirectory(
                atPath: "\(folder)/\(part)", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
    }

    func receive() throws -> IncomingFile {
        let id = UUID()
        let path = "\(folder)/incoming/\(Self.name(id))"
        return IncomingFile(id: id, path: path, final: self.path(id), file: try Descriptor.creating(path, mode: 0o600))
    }

    func open(_ id: UUID) throws(ProcessError) -> Descriptor { try Descriptor.reading(path(id), followsLinks: false) }

    /// Nil if it has gone.
    func find(_ id: UUID) throws(ProcessError) -> OpenedFile? {
        do {
            return OpenedFile(try open(id))
        } catch {
            if error.code == ENOENT { return nil }
            throw error
        }
    }

    /// One that has gone is no error.
    func remove(_ ids: [UUID]) {
        for id in ids { File.discard(path(id)) }
    }

    private func path(_ id: UUID) -> String {
        let name = Self.name(id)
        return "\(folder)/\(name.prefix(2))/\(name)"
    }

    private static func name(_ id: UUID) -> String { id.uuidString.lowercased() }

    static let shards = (0..<256).map { number in
        let digits = String(number, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
    }
}

extension ObjectFiles {
    /// Files that no row names and nobody has written to for an hour: what a crash left behind.
    func removeOrphans(olderThan seconds: Int64 = 3600, isKnown: ([UUID]) throws -> Set<UUID>) throws {
        let before = Clock.milliseconds() / 1000 - seconds
        let manager = FileManager.default
        for name in try manager.contentsOfDirectory(atPath: folder + "/incoming") {
            let path = "\(folder)/incoming/\(name)"
            if File.modifiedAt(path) ?? .max < before { File.discard(path) }
        }
        for shard in Self.shards {
            let ids = try manager.contentsOfDirectory(atPath: "\(folder)/\(shard)").compactMap { UUID(uuidString: $0) }
            let old = ids.filter { File.modifiedAt(path($0)) ?? .max < before }
            if old.isEmpty { continue }
            let known = try isKnown(old)
            remove(old.filter { !known.contains($0) })
        }
    }
}

/// A descriptor that a tuple and a closure can hold.
final class OpenedFile {
    let descriptor: Descriptor

    init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

    /// Hands out those bytes, in order.
    func read(_ bytes: Range<Int>, each: ([UInt8]) throws -> Void) throws {
        guard lseek(descriptor.number, bytes.lowerBound, SEEK_SET) >= 0 else { throw ProcessError("lseek", "object") }
        var left = bytes.count
        while left > 0 {
            let piece = try descriptor.read(max: min(left, 1 << 18))
            guard !piece.isEmpty else { throw ProcessError("read", "object", code: EIO) }
            try each(piece)
            left -= piece.count
        }
    }
}

/// A file that is being received; gone with its owner unless kept.
struct IncomingFile: ~Copyable {
    let id: UUID
    private let path: String
    private let final: String
    private let file: Descriptor
    private var isKept = false

    init(id: UUID, path: String, final: String, file: consuming Descriptor) {
        self.id = id
        self.path = path
        self.final = final
        self.file = file
    }

    deinit { if !isKept { File.discard(path) } }

    func write(_ bytes: [UInt8]) throws(ProcessError) { try file.write(bytes) }

    /// On the disk and in its place, for good.
    mutating func keep() throws(ProcessError) {
        guard fsync(file.number) == 0 else { throw ProcessError("fsync", path) }
        try File.move(path, to: final)
        isKept = true
    }
}

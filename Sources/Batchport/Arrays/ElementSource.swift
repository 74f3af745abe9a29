import AWS
import FoundationEssentials
import JSON
import JobManifest
import PostgreSQL

/// Where a list of elements is read from before it is stored as its job needs it: our rows, the file that went straight
/// to the bucket, or another job's list.
struct ElementSource {
    private enum Place {
        case rows(UploadPieces)
        case object(key: String, size: Int, at: Int)
    }

    private var place: Place
    /// Whose bytes they are.
    let upload: UUID
    let form: ElementList.Form
    /// Nil for all elements.
    let chosen: ElementChoice?

    var isInBucket: Bool { if case .object = place { true } else { false } }

    /// Nil at the end.
    mutating func next(
        _ job: Submission, by key: AWSCredentials, _ bench: inout Workbench
    ) throws -> [UInt8]? {
        switch place {
        case .rows(var pieces):
            defer { place = .rows(pieces) }
            return try pieces.next(from: &bench.database)
        case .object(let object, let size, let at):
            guard at < size else { return nil }
            let end = min(size, at + UploadPieces.partSize)
            do {
                let part = try bench.aws.get(
                    bucket: job.bucket, key: object, range: Int64(at)...Int64(end - 1), maxBytes: end - at, by: key,
                    in: job.region)
                place = .object(key: object, size: size, at: end)
                guard part.count == end - at else { throw InputGone.elements }
                return part
            } catch let error as AWSError where error.isNotFound || error.code == "InvalidRange" {
                throw InputGone.elements
            }
        }
    }
}

extension ElementSource {
    /// Nil where the row does not say what its list is.
    fileprivate init?(_ row: borrowing Row) throws {
        guard let form = try row.textOptional("form").flatMap(ElementList.Form.init) else { return nil }
        upload = try row.uuid("id")
        chosen = try row.bytesOptional("chosen").map { ElementChoice(bytes: $0) }
        if let stored = StoredList(row, "stored") {
            place = .object(key: stored.list.key, size: stored.list.size, at: 0)
            self.form = .lines
        } else if let key = try row.textOptional("key") {
            place = .object(key: key, size: try row.int("size"), at: 0)
            self.form = form
        } else {
            place = .rows(UploadPieces(upload: upload, size: try row.int("size")))
            self.form = form
        }
    }
}

/// A list and its index in the bucket, as `uploads.elements` has them.
struct StoredList {
    let list: StoredObject
    let index: StoredObject
    /// Of the file that it was made of, while that is still to be removed.
    let file: String?

    init(list: StoredObject, index: StoredObject, file: String?) {
        self.list = list
        self.index = index
        self.file = file
    }

    /// Nil where they are not there.
    init?(_ row: borrowing Row, _ column: Row.Column) {
        guard let text = try? row.value(column, as: JSONText?.self), let stored = try? JSONValue.parse(text.bytes)
        else { return nil }
        func object(_ name: String) -> StoredObject? {
            guard let key = stored[name]?["key"]?.string, let size = stored[name]?["size"]?.integer,
                let sha256 = stored[name]?["sha256"]?.string
            else { return nil }
            return StoredObject(key: key, size: size, sha256: sha256)
        }
        guard let list = object("list"), let index = object("index") else { return nil }
        self.init(list: list, index: index, file: stored["file"]?.string)
    }

    var keys: [String] { [list.key, index.key] + (file.map { [$0] } ?? []) }

    var json: JSONValue {
        func json(_ object: StoredObject) -> JSONValue {
            ["key": .string(object.key), "size": JSONValue(object.size), "sha256": .string(object.sha256)]
        }
        let file = file.map { [JSONValue.Member("file", .string($0))] } ?? []
        return .object([.init("list", json(list)), .init("index", json(index))] + file)
    }
}

extension InputGone {
    static let elements = InputGone(
        sentence: "The list of elements is no longer in the bucket as it was stored: add it again.")
}

extension Connection {
    mutating func elementSource(_ upload: UUID) throws -> ElementSource? {
        try row(
            """
            SELECT s.id, s.size, s.key, s.elements->>'form' AS form, s.elements->'stored' AS stored, u.chosen
            FROM uploads u JOIN uploads s ON s.id = coalesce(u.source, u.id) WHERE u.id = \(upload)
            """
        ) { try ElementSource($0) }.flatMap(\.self)
    }
}

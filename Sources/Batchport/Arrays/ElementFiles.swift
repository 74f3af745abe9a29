import AWS
import Cryptography
import FoundationEssentials
import JSON
import JobManifest
import PostgreSQL
import Tasks

/// An array on its way to AWS, as its row stands.
struct SubmittedArray {
    let spans: ElementSpans
    let upload: UUID
    let function: String
    let initialization: [UInt8]?
    let workers: Int?

    /// Nil for a job that is none.
    init?(_ row: borrowing Row) throws {
        guard let elements = try row.intOptional("elements"), let upload = try row.uuidOptional("elements_upload"),
            let children = try row.intOptional("child_count")
        else { return nil }
        let method = try row.value("method", as: JSONText?.self).flatMap { try? JSONValue.parse($0.bytes) } ?? .null
        let perChild: Int? = if case .elementsPerChild(let size)? = SplitMethod(method) { size } else { nil }
        let spans =
            perChild.flatMap { ElementSpans(elements: elements, perChild: $0) }
            ?? ElementSpans(elements: elements, children: children)
        guard let spans, spans.children == children else { throw UnreadableArguments(name: "method") }
        self.spans = spans
        self.upload = upload
        function = try row.textOptional("function") ?? "f"
        initialization = try row.bytesOptional("initialization")
        workers = try row.intOptional("workers")
    }
}

/// The list of elements on its way to the bucket: one a line, with an index of where each begins.
enum ElementFiles {
    private static let contentType = "application/x-ndjson"
    /// Of the list, that is kept for its job's page.
    private static let startBytes = 16 << 10

    /// Can be done twice: the same upload gives the same bytes. Its rows are dropped only when both objects are there.
    static func store(
        _ array: SubmittedArray, of job: Submission, by key: AWSCredentials, _ task: ClaimedTask,
        _ bench: inout Workbench
    ) throws -> ArrayWork {
        let stored = try bench.database.storedElements(array.upload)
        let (elements, index) = try stored ?? write(array, of: job, by: key, task, &bench)
        let initialization = try array.initialization.map { bytes in
            try bench.aws.put(bytes, bucket: job.bucket, key: job.keys.initialization, by: key, in: job.region)
            return StoredObject(key: job.keys.initialization, size: bytes.count, sha256: hex(sha256(bytes)))
        }
        return ArrayWork(
            elements: elements, index: index, spans: array.spans, function: array.function,
            initialization: initialization, workers: array.workers)
    }

    private static func write(
        _ array: SubmittedArray, of job: Submission, by key: AWSCredentials, _ task: ClaimedTask,
        _ bench: inout Workbench
    ) throws -> (StoredObject, StoredObject) {
        guard let source = try bench.database.elementSource(array.upload) else { throw IncompleteUpload() }
        var scanner = ElementScanner(.unlimited, form: source.form)
        var pieces = UploadPieces(upload: array.upload, size: source.size)
        let list = ObjectWriter(key: job.keys.elements, contentType: contentType)
        let offsets = ObjectWriter(key: job.keys.elementIndex)
        var start: [UInt8] = []
        offsets.add(bytes(of: 0))
        let take = { (json: ArraySlice<UInt8>) in
            let line = JSONValue.line(json) + [0x0A]
            list.add(line)
            offsets.add(bytes(of: list.size))
            if start.count + line.count <= startBytes, list.size <= startBytes { start += line }
        }
        while let part = try pieces.next(from: &bench.database) {
            try bench.stop.check()
            try scanner.feed(part, take)
            try list.flush(job, by: key, &bench)
            try offsets.flush(job, by: key, &bench)
        }
        let found = try scanner.finish(take)
        guard found.count == array.spans.elements else { throw IncompleteUpload() }
        let stored = (try list.finish(job, by: key, &bench), try offsets.finish(job, by: key, &bench))
        try bench.write(for: task) { database in
            try database.recordElements(array.upload, of: job.id, stored, start: String(decoding: start, as: UTF8.self))
        }
        return stored
    }

    private static func bytes(of offset: Int) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: UInt64(offset) >> (8 * UInt64($0))) }
    }
}

extension Connection {
    /// Where the list lies already.
    fileprivate mutating func storedElements(_ upload: UUID) throws -> (StoredObject, StoredObject)? {
        let kept = try row("SELECT elements->'stored' AS stored FROM uploads WHERE id = \(upload)") {
            try $0.value("stored", as: JSONText?.self)
        }
        guard let text = kept.flatMap(\.self), let stored = try? JSONValue.parse(text.bytes) else { return nil }
        func object(_ name: String) -> StoredObject? {
            guard let key = stored[name]?["key"]?.string, let size = stored[name]?["size"]?.integer,
                let sha256 = stored[name]?["sha256"]?.string
            else { return nil }
            return StoredObject(key: key, size: size, sha256: sha256)
        }
        guard let list = object("list"), let index = object("index") else { return nil }
        return (list, index)
    }

    fileprivate mutating func elementSource(_ upload: UUID) throws -> (size: Int, form: ElementList.Form)? {
        try row("SELECT size, elements->>'form' AS form FROM uploads WHERE id = \(upload)") { row in
            try row.textOptional("form").flatMap(ElementList.Form.init).map { (size: try row.int("size"), form: $0) }
        }.flatMap(\.self)
    }

    fileprivate mutating func recordElements(
        _ upload: UUID, of job: UUID, _ stored: (list: StoredObject, index: StoredObject), start: String
    ) throws {
        func json(_ object: StoredObject) -> JSONValue {
            ["key": .string(object.key), "size": JSONValue(object.size), "sha256": .string(object.sha256)]
        }
        let places: JSONValue = ["list": json(stored.list), "index": json(stored.index)]
        _ = try pipeline([
            """
            UPDATE uploads SET key = \(stored.list.key),
                elements = elements || jsonb_build_object('stored', \(places.text)::jsonb) WHERE id = \(upload)
            """,
            "UPDATE jobs SET elements_start = \(start) WHERE id = \(job)",
            "DELETE FROM upload_chunks WHERE upload = \(upload)",
        ])
    }
}

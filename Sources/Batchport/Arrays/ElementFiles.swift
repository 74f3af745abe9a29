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
    /// What another job has stored is shared with it.
    static func store(
        _ array: SubmittedArray, of job: Submission, by key: AWSCredentials, _ task: ClaimedTask,
        _ bench: inout Workbench
    ) throws -> ArrayWork {
        let stored = try bench.database.storedElements(array.upload)
        if let stored { try require([stored.list, stored.index], of: job, by: key, &bench) }
        let list = try stored ?? write(array, of: job, by: key, task, &bench)
        if let file = list.file { try PostedList.drop(file, of: array.upload, job, by: key, task, &bench) }
        let initialization = try array.initialization.map { bytes in
            try bench.aws.put(bytes, bucket: job.bucket, key: job.keys.initialization, by: key, in: job.region)
            return StoredObject(key: job.keys.initialization, size: bytes.count, sha256: hex(sha256(bytes)))
        }
        return ArrayWork(
            elements: list.list, index: list.index, spans: array.spans, function: array.function,
            initialization: initialization, workers: array.workers)
    }

    /// The bucket's lifecycle rule, or somebody, may have removed it since another job stored it.
    private static func require(
        _ objects: [StoredObject], of job: Submission, by key: AWSCredentials, _ bench: inout Workbench
    ) throws {
        for object in objects {
            do {
                let head = try bench.aws.head(bucket: job.bucket, key: object.key, by: key, in: job.region)
                if head.size == Int64(object.size) { continue }
            } catch {
                guard error.isNotFound else { throw error }
            }
            throw InputGone.elements
        }
    }

    private static func write(
        _ array: SubmittedArray, of job: Submission, by key: AWSCredentials, _ task: ClaimedTask,
        _ bench: inout Workbench
    ) throws -> StoredList {
        guard var source = try bench.database.elementSource(array.upload) else { throw IncompleteUpload() }
        var scanner = ElementScanner(.unlimited, form: source.form)
        let list = ObjectWriter(key: job.keys.elements, contentType: contentType)
        let offsets = ObjectWriter(key: job.keys.elementIndex)
        var start: [UInt8] = []
        var (element, taken) = (0, 0)
        let chosen = source.chosen
        offsets.add(bytes(of: 0))
        let take = { (json: ArraySlice<UInt8>) in
            defer { element += 1 }
            guard chosen?[element] ?? true else { return }
            taken += 1
            let line = JSONValue.line(json) + [0x0A]
            list.add(line)
            offsets.add(bytes(of: list.size))
            if start.count + line.count <= startBytes, list.size <= startBytes { start += line }
        }
        while let part = try source.next(job, by: key, &bench) {
            try bench.stop.check()
            try scanner.feed(part, take)
            try list.flush(job, by: key, &bench)
            try offsets.flush(job, by: key, &bench)
        }
        _ = try scanner.finish(take)
        guard taken == array.spans.elements else {
            if source.isInBucket { throw InputGone.elements }
            throw IncompleteUpload()
        }
        let objects = (try list.finish(job, by: key, &bench), try offsets.finish(job, by: key, &bench))
        return try bench.write(for: task) { database in
            let stored = StoredList(
                list: objects.0, index: objects.1, file: try database.postedFile(of: array.upload))
            try database.recordElements(array.upload, of: job.id, stored, start: String(decoding: start, as: UTF8.self))
            if source.upload != array.upload { try database.releaseList(source.upload) }
            return stored
        }
    }

    private static func bytes(of offset: Int) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: UInt64(offset) >> (8 * UInt64($0))) }
    }
}

extension Connection {
    /// Where the list lies already.
    fileprivate mutating func storedElements(_ upload: UUID) throws -> StoredList? {
        try row("SELECT elements->'stored' AS stored FROM uploads WHERE id = \(upload)") {
            StoredList($0, "stored")
        }.flatMap(\.self)
    }

    fileprivate mutating func recordElements(
        _ upload: UUID, of job: UUID, _ stored: StoredList, start: String
    ) throws {
        _ = try pipeline([
            """
            UPDATE uploads SET source = NULL, chosen = NULL,
                key = CASE WHEN \(stored.file)::text IS NULL AND key IS NOT NULL THEN key ELSE \(stored.list.key) END,
                elements = elements || jsonb_build_object('stored', \(stored.json.text)::jsonb) WHERE id = \(upload)
            """,
            "UPDATE jobs SET elements_start = \(start) WHERE id = \(job)",
            "DELETE FROM upload_chunks WHERE upload = \(upload)",
        ])
    }

    /// A list that something was picked from, and whose own jobs were deleted meanwhile, goes as an unused upload does.
    fileprivate mutating func releaseList(_ upload: UUID) throws {
        try execute(
            """
            UPDATE uploads SET state = 'complete', expires_at = now() WHERE id = \(upload) AND state = 'used'
                AND NOT EXISTS (SELECT FROM jobs j WHERE j.elements_upload = uploads.id)
                AND NOT EXISTS (SELECT FROM job_inputs i WHERE i.upload = uploads.id)
                AND NOT EXISTS (SELECT FROM uploads u WHERE u.source = uploads.id)
            """)
    }
}

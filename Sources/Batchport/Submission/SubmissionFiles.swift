import AWS
import Cryptography
import FoundationEssentials
import JSON
import JobManifest
import PostgreSQL
import Tasks

/// Code, input files and manifest on their way to the bucket. Each step may be done twice: a key is always the same
/// job's, and its bytes are always the same.
enum SubmissionFiles {
    private struct Input {
        let n: Int
        let name: String
        let upload: UUID
        let size: Int
        let sha256: [UInt8]
        /// Where it lies already, if it does.
        let key: String?
    }

    /// The manifest is stored last: when it is there, so is everything it names. Answers its SHA-256.
    static func store(
        _ job: Submission, by key: AWSCredentials, _ task: ClaimedTask, _ bench: inout Workbench
    ) throws -> [UInt8] {
        var files: [JobManifest.InputFile] = []
        for input in try inputs(of: job, &bench) {
            try bench.stop.check()
            let object = try store(input, of: job, by: key, task, &bench)
            files.append(JobManifest.InputFile(name: input.name, object: object))
        }
        let work = try job.array.map { try ElementFiles.store($0, of: job, by: key, task, &bench) }
        let manifest = JobManifest(
            job: job.id.lower, code: try code(of: job, by: key, &bench), inputFiles: files, environment: job.variables,
            resultFormat: JobManifest.ResultFormat(rawValue: job.resultFormat) ?? .json,
            vcpus: job.effective["vcpus"]?["value"]?.integer.map { max(1, $0) }, array: work)
        let bytes = manifest.bytes
        try bench.aws.put(
            bytes, bucket: job.bucket, key: job.keys.manifest, contentType: "application/json", by: key,
            in: job.region)
        return sha256(bytes)
    }

    private static func code(
        of job: Submission, by key: AWSCredentials, _ bench: inout Workbench
    ) throws -> JobManifest.Code {
        guard let source = job.code else { return .command(job.argv) }
        try bench.aws.put(source, bucket: job.bucket, key: job.keys.code, by: key, in: job.region)
        let object = StoredObject(key: job.keys.code, size: source.count, sha256: hex(sha256(source)))
        return switch Language(rawValue: job.language) {
        case .shell?: .shell(object)
        case .wolfram?: .wolfram(object)
        default: .python(object)
        }
    }

    private static func inputs(of job: Submission, _ bench: inout Workbench) throws -> [Input] {
        try bench.database.rows(
            """
            SELECT i.n, i.name, i.upload, i.size, i.sha256, u.key FROM job_inputs i JOIN uploads u ON u.id = i.upload
            WHERE i.job = \(job.id) ORDER BY i.n
            """
        ) {
            Input(
                n: try $0.int("n"), name: try $0.text("name"), upload: try $0.uuid("upload"), size: try $0.int("size"),
                sha256: try $0.bytes("sha256"), key: try $0.textOptional("key"))
        }
    }

    /// The bucket's lifecycle rule, or somebody, may have removed it since it was stored.
    private static func require(
        _ input: Input, at place: String, of job: Submission, by key: AWSCredentials, _ bench: inout Workbench
    ) throws {
        do {
            let head = try bench.aws.head(bucket: job.bucket, key: place, by: key, in: job.region)
            if head.size == Int64(input.size) { return }
        } catch {
            guard error.isNotFound else { throw error }
        }
        throw InputGone(
            sentence: "The input file \(input.name) is no longer in the bucket as it was stored: add it again.")
    }

    private static func store(
        _ input: Input, of job: Submission, by key: AWSCredentials, _ task: ClaimedTask, _ bench: inout Workbench
    ) throws -> StoredObject {
        if let place = input.key {
            try require(input, at: place, of: job, by: key, &bench)
            return StoredObject(key: place, size: input.size, sha256: hex(input.sha256))
        }
        let place = job.keys.upload(input.upload.lower)
        var pieces = UploadPieces(upload: input.upload, size: input.size)
        if input.size <= UploadPieces.partSize {
            let bytes = try pieces.next(from: &bench.database) ?? []
            try bench.aws.put(bytes, bucket: job.bucket, key: place, by: key, in: job.region)
        } else {
            try bench.store(&pieces, at: place, bucket: job.bucket, by: key, in: job.region)
        }
        try bench.write(for: task) { database in
            try database.execute("UPDATE uploads SET key = \(place) WHERE id = \(input.upload)")
            try database.execute("DELETE FROM upload_chunks WHERE upload = \(input.upload)")
        }
        return StoredObject(key: place, size: input.size, sha256: hex(input.sha256))
    }
}

/// An upload's bytes from its rows, in parts of at most 8 MiB.
struct UploadPieces {
    static let partSize = 8 * Upload.chunkSize

    let upload: UUID
    let size: Int
    private var chunk = 0
    private var given = 0

    init(upload: UUID, size: Int) {
        self.upload = upload
        self.size = size
    }

    /// Nil at the end. Fewer bytes than were announced is an error: the file would not be what was submitted.
    mutating func next(from database: inout Connection) throws -> [UInt8]? {
        if given >= size && chunk > 0 { return nil }
        let (first, last) = (chunk, chunk + Self.partSize / Upload.chunkSize - 1)
        let chunks = try database.rows(
            "SELECT bytes FROM upload_chunks WHERE upload = \(upload) AND n BETWEEN \(first) AND \(last) ORDER BY n"
        ) { try $0.bytes("bytes") }
        let part = Array(chunks.joined())
        given += part.count
        chunk = last + 1
        guard part.count == Self.partSize || given == size else { throw IncompleteUpload() }
        return part
    }
}

/// A file that lay in the bucket is gone from there, or another.
struct InputGone: Error {
    let sentence: String
}

/// An upload's rows do not hold the bytes that were announced.
struct IncompleteUpload: Error {}

extension Workbench {
    /// Multipart: what is not completed is aborted, so that the bucket keeps no parts.
    fileprivate mutating func store(
        _ pieces: inout UploadPieces, at key: String, bucket: String, by credentials: AWSCredentials, in region: String
    ) throws {
        let upload = try aws.createMultipartUpload(bucket: bucket, key: key, by: credentials, in: region)
        do {
            var etags: [String] = []
            while let part = try pieces.next(from: &database) {
                try stop.check()
                etags.append(
                    try aws.uploadPart(part, number: etags.count + 1, of: upload, by: credentials, in: region))
            }
            try aws.completeMultipartUpload(upload, etags: etags, by: credentials, in: region)
        } catch {
            try? aws.abortMultipartUpload(upload, by: credentials, in: region)
            throw error
        }
    }
}

import Cryptography
import FoundationEssentials
import JSON
import PostgreSQL

/// One file that a job left in `output/`, as it was captured.
struct Output {
    let path: String
    let attempt: Int
    let key: String
    let size: Int64
    let sha256: [UInt8]?
    let contentType: String
    /// The first 64 KiB of a text; nil for anything else.
    let preview: String?
    /// Set when the object was looked for in the bucket and was not there.
    let goneAt: Int64?

    static let columns: SQL = "path, attempt, key, size, sha256, content_type, preview, gone_at"

    init(_ row: borrowing Row) throws {
        path = try row.value("path")
        attempt = try row.value("attempt")
        key = try row.value("key")
        size = try row.value("size")
        sha256 = try row.value("sha256", as: [UInt8]?.self)
        contentType = try row.value("content_type")
        preview = try row.value("preview")
        goneAt = try row.millisecondsOptional("gone_at")
    }
}

/// What the code wrote to `BATCHPORT_RESULT`.
struct JobResult {
    enum Format: String {
        case json
        /// A string of Wolfram Language, because that was asked for or the value has no JSON.
        case inputForm
    }

    let bytes: [UInt8]
    let format: Format

    init(_ bytes: [UInt8], of job: Job) {
        self.bytes = bytes
        let isAsked = job.resultFormat == Format.inputForm.rawValue
        let text = job.outcome?["evaluation"]?["inputForm"]?.string
        format = isAsked || text != nil && text == (try? JSONValue.parse(bytes))?.string ? .inputForm : .json
    }
}

extension Connection {
    /// By path, after `after` where a page before ended there.
    mutating func outputs(
        of job: UUID, child: Int = ArrayChild.none, after: String = "", limit: Int
    ) throws -> [Output] {
        try rows(
            """
            SELECT \(fragment: Output.columns) FROM outputs
            WHERE job = \(job) AND child = \(child) AND path COLLATE "C" > \(after)
            ORDER BY path COLLATE "C" LIMIT \(limit)
            """
        ) { try Output($0) }
    }

    mutating func output(of job: UUID, child: Int = ArrayChild.none, path: String) throws -> Output? {
        try row(
            """
            SELECT \(fragment: Output.columns) FROM outputs
            WHERE job = \(job) AND child = \(child) AND path = \(path)
            """
        ) { try Output($0) }
    }

    /// The job's result, or why there is none.
    mutating func result(of job: Job) throws -> Result<JobResult, Missing> {
        if let why = job.notOfArrays(" results") { return .failure(why) }
        let found = try row("SELECT value, missing_cause, missing_detail FROM results WHERE job = \(job.id)") {
            row -> Result<JobResult, Missing> in
            if let bytes = try row.value("value", as: [UInt8]?.self) { return .success(JobResult(bytes, of: job)) }
            let cause = try row.value("missing_cause", as: String?.self).flatMap(Missing.Cause.init(rawValue:))
            return .failure(Missing(cause: cause ?? .notWritten, detail: try row.value("missing_detail")))
        }
        return found ?? .failure(job.whyNoResult)
    }
}

import AWS
import FoundationEssentials
import JobManifest
import PostgreSQL
import Tasks

/// What has been taken of an ended job so far.
struct Capture {
    let job: EndedJob
    let key: AWSCredentials
    let task: ClaimedTask
    var outcome: [UInt8]?
    var outputs: [CapturedOutput] = []
    var result = CapturedResult.missing(.notApplicable, nil)
    /// What could not be taken, in sentences.
    var gaps: [String] = []

    init(job: EndedJob, key: AWSCredentials, task: ClaimedTask) {
        self.job = job
        self.key = key
        self.task = task
    }

    /// Every attempt's log, to its end. Answers how long to wait where AWS may still bring lines.
    mutating func takeLogs(_ bench: inout Workbench) throws -> Int? {
        for place in try bench.database.logPlaces(of: job.id) {
            do {
                _ = try bench.fetchLog(place, by: key, for: task)
            } catch let error as AWSError where error.isDefinite && !error.isCredentialRefused {
                gaps.append("The log could not be read: \(error.sentence)")
            }
        }
        // In our own region the log is whole when the job ends.
        let lag = try bench.database.workerLimit("log.lagSeconds", else: 10)
        if job.secondsSinceEnd < lag, !bench.configuration.endpoints.isOverridden(job.region) {
            return (lag - job.secondsSinceEnd) * 1000
        }
        for place in try bench.database.logPlaces(of: job.id) { try bench.completeLog(place, for: task) }
        let limit = try bench.database.workerLimit("log.lines", else: 2_000_000)
        if try bench.database.longestLog(of: job.id) >= limit {
            gaps.append("The log is longer than the \(Words.count(limit)) lines that are kept.")
        }
        return nil
    }

    /// Outcome, outputs and result of the last attempt.
    mutating func takeFiles(_ bench: inout Workbench) throws {
        guard job.hasRunner, job.attempt > 0 else {
            result = .missing(job.cause, nil)
            return
        }
        do {
            let present = try objects(&bench)
            if let outcome = try readOutcome(present, &bench) {
                takeOutputs(outcome, present)
                try takeResult(outcome.result, present, &bench)
            } else {
                takeUnlisted(present)
                result = .missing(job.cause, nil)
            }
            try takePreviews(&bench)
        } catch let error as AWSError where error.isDefinite && !error.isCredentialRefused {
            gaps.append("The outputs could not be read: \(error.sentence)")
            result = .missing(.notCaptured, error.sentence)
        }
    }

    /// All in one transaction: the job is settled with all of it, or not yet.
    func settle(_ bench: inout Workbench) throws {
        try bench.write(for: task) { database in
            for start in stride(from: 0, to: outputs.count, by: 200) {
                _ = try database.pipeline(outputs[start...].prefix(200).map { $0.upsert(job: job.id) })
            }
            try database.execute(result.upsert(job: job.id))
            let detail: String? = gaps.isEmpty ? nil : gaps.joined(separator: " ")
            let state = gaps.isEmpty ? "complete" : "partial"
            let document = outcome.map { JSONText($0) }
            try database.execute(
                """
                UPDATE jobs SET capture = \(state), capture_detail = \(detail), captured_at = now(), settled_at = now(),
                    outcome = \(document),
                    phase_reason = CASE phase WHEN 'lost' THEN phase_reason END
                WHERE id = \(job.id) AND settled_at IS NULL
                """)
        }
    }
}

/// One output as it will stand in our rows.
struct CapturedOutput {
    let path: String
    let attempt: Int
    let key: String
    let size: Int
    let sha256: [UInt8]?
    let contentType: String
    let isGone: Bool
    var preview: String?

    func upsert(job: UUID) -> SQL {
        """
        INSERT INTO outputs (job, path, attempt, key, size, sha256, content_type, preview, gone_at)
        VALUES (\(job), \(path), \(attempt), \(key), \(size), \(sha256), \(contentType), \(preview),
            CASE WHEN \(isGone) THEN now() END)
        ON CONFLICT (job, child, path) DO UPDATE SET attempt = excluded.attempt, key = excluded.key, size = excluded.size,
            sha256 = excluded.sha256, content_type = excluded.content_type, preview = excluded.preview,
            gone_at = excluded.gone_at
        """
    }
}

enum CapturedResult {
    case value([UInt8])
    case missing(Missing.Cause, String?)

    func upsert(job: UUID) -> SQL {
        var (value, cause, detail): ([UInt8]?, String?, String?) = (nil, nil, nil)
        switch self {
        case .value(let bytes): value = bytes
        case .missing(let why, let words): (cause, detail) = (why.rawValue, words)
        }
        return """
            INSERT INTO results (job, value, missing_cause, missing_detail)
            VALUES (\(job), \(value), \(cause), \(detail))
            ON CONFLICT (job) DO UPDATE SET value = excluded.value, missing_cause = excluded.missing_cause,
                missing_detail = excluded.missing_detail
            """
    }
}

import AWS
import FoundationEssentials
import JobManifest
import PostgreSQL
import Tasks

/// What has been taken of an ended job so far.
struct Capture {
    private(set) var job: EndedJob
    let key: AWSCredentials
    let task: ClaimedTask
    var outcome: [UInt8]?
    var outputs: [CapturedOutput] = []
    var result = CapturedResult.missing(.notApplicable, nil)
    /// What could not be taken, in sentences.
    var gaps: [String] = []
    /// Objects that were read already, together with other children's, by key.
    var read: [String: [UInt8]] = [:]
    /// Beginnings of text outputs that may still be kept; nil for the site's limit.
    var previewsLeft: Int?

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
        if let wait = try job.logWait(bench.configuration, &bench.database) { return wait }
        for place in try bench.database.logPlaces(of: job.id) { try bench.completeLog(place, for: task) }
        let limits = try bench.database.logLimits()
        if try bench.database.isLogCut(of: job.id, limits) { gaps.append(limits.sentence) }
        return nil
    }

    /// Outcome, outputs and result of the last attempt.
    mutating func takeFiles(_ bench: inout Workbench) throws {
        try takeFiles(among: nil, &bench)
        try keepOutputs(&bench)
        try takePreviews(&bench) { [job, task] output, bench in try Self.keep(output, of: job.id, task, &bench) }
    }

    /// - Parameter listed: the sizes of the job's objects by key, where they are known already.
    mutating func takeFiles(among listed: [String: Int64]?, _ bench: inout Workbench) throws {
        guard job.hasRunner, job.attempt > 0 || job.isLost else {
            result = .missing(job.cause, nil)
            return
        }
        do {
            var present = try listed ?? objects(&bench)
            // AWS never told how far it came; the bucket does.
            if job.attempt == 0 { job.attempt = job.keys.lastAttempt(among: present.keys) }
            present = present.filter { $0.key.hasPrefix(folder) }
            if let outcome = try readOutcome(present, &bench) {
                takeOutputs(outcome, present)
                // An array's results are taken element by element.
                if job.keys.child == nil { try takeResult(outcome.result, present, &bench) }
            } else {
                takeUnlisted(present)
                result = .missing(job.cause, nil)
            }
        } catch let error as AWSError where error.isDefinite && !error.isCredentialRefused {
            gaps.append("The outputs could not be read: \(error.sentence)")
            result = .missing(.notCaptured, error.sentence)
        }
    }

    /// As soon as they are known, with the previews that were taken before a death.
    private mutating func keepOutputs(_ bench: inout Workbench) throws {
        let known = try bench.write(for: task) { database in
            for start in stride(from: 0, to: outputs.count, by: 200) {
                _ = try database.pipeline(outputs[start...].prefix(200).map { $0.upsert(job: job.id) })
            }
            return try database.rows(
                "SELECT path, preview FROM outputs WHERE job = \(job.id) AND child = -1 AND preview IS NOT NULL"
            ) { (try $0.text(0), try $0.text(1)) }
        }
        let previews = Dictionary(known) { first, _ in first }
        for index in outputs.indices { outputs[index].preview = previews[outputs[index].path] }
    }

    private static func keep(
        _ output: CapturedOutput, of job: UUID, _ task: ClaimedTask, _ bench: inout Workbench
    ) throws {
        try bench.write(for: task) { database in
            try database.execute(
                """
                UPDATE outputs SET preview = \(output.preview)
                WHERE job = \(job) AND child = -1 AND path = \(output.path)
                """)
        }
    }

    /// All in one transaction: the job is settled with all of it, or not yet.
    func settle(_ bench: inout Workbench) throws {
        try bench.write(for: task) { database in
            try database.execute(result.upsert(job: job.id))
            let detail: String? = gaps.isEmpty ? nil : gaps.joined(separator: " ")
            let state = gaps.isEmpty ? "complete" : "partial"
            let document = outcome.map { JSONText($0) }
            try database.execute(
                """
                UPDATE jobs SET capture = \(state), capture_detail = \(detail), captured_at = now(), settled_at = now(),
                    outcome = \(document), capture_failures = 0, capture_again_at = NULL,
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

    func upsert(job: UUID, child: Int = ArrayChild.none) -> SQL {
        """
        INSERT INTO outputs (job, child, path, attempt, key, size, sha256, content_type, preview, gone_at)
        VALUES (\(job), \(child), \(path), \(attempt), \(key), \(size), \(sha256), \(contentType), \(preview),
            CASE WHEN \(isGone) THEN now() END)
        ON CONFLICT (job, child, path) DO UPDATE SET attempt = excluded.attempt, key = excluded.key, size = excluded.size,
            sha256 = excluded.sha256, content_type = excluded.content_type,
            preview = CASE WHEN (outputs.attempt, outputs.size, outputs.sha256)
                IS NOT DISTINCT FROM (excluded.attempt, excluded.size, excluded.sha256)
                THEN coalesce(excluded.preview, outputs.preview) ELSE excluded.preview END,
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

import AWS
import FoundationEssentials
import JobManifest
import PostgreSQL
import Tasks

/// Takes everything that an ended array's children left. A child is done when its row says so: whoever goes on after a
/// death begins with the first that is not.
struct ArrayCapture {
    let job: EndedJob
    let key: AWSCredentials
    let task: ClaimedTask
    private var gaps: [String] = []
    /// Beginnings of text outputs that may still be kept, of all children together.
    private var previews = 0

    private static let childrenPerWrite = 100
    private static let smallOutcome = 256 << 10

    init(job: EndedJob, key: AWSCredentials, task: ClaimedTask) {
        self.job = job
        self.key = key
        self.task = task
    }

    /// Answers how long to wait where AWS may still bring lines.
    mutating func takeLogs(_ bench: inout Workbench) throws -> Int? {
        if let wait = try job.logWait(bench.configuration, &bench.database) { return wait }
        gaps += try ManyLogs(job: job.id, region: job.region, key: key, task: task).take(&bench)
        return nil
    }

    /// All children's objects are listed together, and come in the order of their keys: a child's are beside each other.
    mutating func takeChildren(_ bench: inout Workbench) throws {
        var pending = try bench.database.uncapturedChildren(of: job.id)
        previews = try bench.database.workerLimit("previews.count", else: 200)
        let objects = ManyObjects(bench)
        var listed: [(k: Int, present: [String: Int64])] = []
        if job.hasRunner {
            var token: String?
            repeat {
                try bench.stop.check()
                let page = try bench.aws.list(
                    bucket: job.bucket, prefix: job.keys.children, continuation: token, by: key, in: job.region)
                for object in page.objects {
                    guard let k = job.keys.child(of: object.key) else { continue }
                    if listed.last?.k != k {
                        try takeWhole(&listed, &pending, objects, &bench)
                        listed.append((k, [:]))
                    }
                    listed[listed.count - 1].present[object.key] = object.size
                }
                token = page.continuation
            } while token != nil
        }
        try take(&listed, &pending, objects, &bench)
        listed = pending.keys.sorted().map { (k: $0, present: [:]) }
        try take(&listed, &pending, objects, &bench)
    }

    /// What has been listed whole, once there is enough of it.
    private mutating func takeWhole(
        _ listed: inout [(k: Int, present: [String: Int64])], _ pending: inout [Int: EndedChild],
        _ objects: ManyObjects, _ bench: inout Workbench
    ) throws {
        if listed.count >= Self.childrenPerWrite { try take(&listed, &pending, objects, &bench) }
    }

    private mutating func take(
        _ listed: inout [(k: Int, present: [String: Int64])], _ pending: inout [Int: EndedChild],
        _ objects: ManyObjects, _ bench: inout Workbench
    ) throws {
        var done: [(child: EndedChild, capture: Capture)] = []
        let read = try outcomes(listed.filter { pending[$0.k] != nil }.map(\.present), objects)
        for (k, present) in listed {
            guard let child = pending.removeValue(forKey: k) else { continue }
            var capture = Capture(job: job.child(child), key: key, task: task)
            (capture.previewsLeft, capture.read) = (previews, read)
            try capture.takeFiles(among: present, &bench)
            try capture.takePreviews(&bench)
            previews -= capture.outputs.count { $0.preview != nil }
            done.append((child, capture))
            if done.count >= Self.childrenPerWrite { try store(&done, &bench) }
        }
        try store(&done, &bench)
        listed = []
    }

    /// The runner's records of all attempts, read together; a large one is read by itself.
    private func outcomes(_ present: [[String: Int64]], _ objects: ManyObjects) throws -> [String: [UInt8]] {
        let keys = present.flatMap { objects in
            objects.filter { $0.key.hasSuffix("/outcome.json") && $0.value <= Self.smallOutcome }.keys
        }
        let wanted = keys.map { ManyObjects.Wanted(key: $0, maxBytes: Self.smallOutcome) }
        do {
            let found = try objects.get(wanted, bucket: job.bucket, by: key, in: job.region)
            return Dictionary(zip(keys, found).compactMap { key, bytes in bytes.map { (key, $0) } }) { first, _ in first
            }
        } catch let error as AWSError where error.isDefinite && !error.isCredentialRefused {
            // Each is asked for by itself then, so that a refusal is a gap of that child.
            return [:]
        }
    }

    private func store(
        _ done: inout [(child: EndedChild, capture: Capture)], _ bench: inout Workbench
    ) throws {
        if done.isEmpty { return }
        let outputs = done.flatMap { child, capture in capture.outputs.map { $0.upsert(job: job.id, child: child.k) } }
        let states = done.map { $0.capture.gaps.isEmpty ? "complete" : "partial" }
        let details = done.map { $0.capture.gaps.joined(separator: " ") }
        let outcomes = done.map { String(decoding: $0.capture.outcome ?? [], as: UTF8.self) }
        let children = done.map(\.child.k)
        try bench.write(for: task) { database in
            for start in stride(from: 0, to: outputs.count, by: 200) {
                _ = try database.pipeline(Array(outputs[start...].prefix(200)))
            }
            try database.execute(
                """
                UPDATE children c SET capture = t.state, capture_detail = nullif(t.detail, ''), captured_at = now(),
                    outcome = nullif(t.outcome, '')::jsonb
                FROM unnest(\(children), \(states), \(details), \(outcomes)) AS t (k, state, detail, outcome)
                WHERE c.job = \(job.id) AND c.k = t.k
                """)
        }
        done = []
    }

    /// The array is settled with all of its children, or not yet.
    func settle(_ bench: inout Workbench) throws {
        let detail = gaps.joined(separator: " ")
        try bench.write(for: task) { database in
            try database.execute(
                """
                UPDATE jobs SET capture = CASE WHEN \(detail) = '' AND partial = 0 THEN 'complete' ELSE 'partial' END,
                    capture_detail = nullif(concat_ws(' ', nullif(\(detail)::text, ''), CASE WHEN partial > 0
                        THEN format('%s of %s children were captured in part.', partial, child_count) END), ''),
                    capture_failures = 0, capture_again_at = NULL,
                    captured_at = now(), settled_at = now(), phase_reason = CASE phase WHEN 'lost' THEN phase_reason END,
                    missing_results = elements - (SELECT coalesce(sum(length(replace(bits, '0', ''))), 0)
                        FROM elements_with_value(\(job.id)))
                FROM (SELECT count(*) FILTER (WHERE capture = 'partial') AS partial FROM children
                    WHERE job = \(job.id)) AS c
                WHERE id = \(job.id) AND settled_at IS NULL
                """)
        }
    }
}

/// A child whose end is known, or that is lost.
struct EndedChild {
    let k: Int
    /// 0 where AWS told of none.
    let attempts: Int
    let isLost: Bool
    let hasSucceeded: Bool
    let statusReason: String?
    let wasStopped: Bool
}

extension Connection {
    fileprivate mutating func uncapturedChildren(of job: UUID) throws -> [Int: EndedChild] {
        let children = try rows(
            """
            SELECT k, attempts, lost, coalesce(status = 'Succeeded', false), status_reason, stop_requested_at IS NOT NULL
            FROM children WHERE job = \(job) AND capture = 'pending'
            """
        ) {
            EndedChild(
                k: try $0.value(0), attempts: try $0.value(1), isLost: try $0.bool(2), hasSucceeded: try $0.bool(3),
                statusReason: try $0.textOptional(4), wasStopped: try $0.bool(5))
        }
        return Dictionary(children.map { ($0.k, $0) }) { first, _ in first }
    }
}

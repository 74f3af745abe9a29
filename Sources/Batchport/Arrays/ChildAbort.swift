import AWS
import FoundationEssentials
import JSON
import PostgreSQL
import Tasks

/// The end of one child alone; the array goes on and ends as failed.
enum ChildAbort {
    /// Asked twice is no error.
    static func request(_ child: ArrayChild, of job: Job, reason: String, _ scope: inout Scope) throws {
        guard TextRules.isPlain(reason), reason.unicodeScalars.count <= Abort.longestReason else {
            throw Failure.unfit([
                .init(
                    "/reason", "malformed",
                    "The reason has at most \(Abort.longestReason) characters, none of them a control character.",
                    limit: Abort.longestReason)
            ])
        }
        guard job.mayBeStopped else { throw Failure.notYoursToStop }
        if job.isSettled || child.isTerminal || child.isLost || child.stopRequestedAt != nil { return }
        // An array of one is one job at AWS: its child's end is its own.
        if job.line.children?.total == 1 { try Abort.request(job, reason: reason, &scope) }
        let person = try scope.identity().person
        try scope.database.transaction { database in
            let changed = try database.execute(
                """
                UPDATE children SET stop_requested_at = now(), stop_requested_by = \(person), stop_reason = \(reason)
                WHERE job = \(job.id) AND k = \(child.k) AND stop_requested_at IS NULL
                """)
            guard changed == 1 else { return }
            let detail: JSONValue = ["child": JSONValue(child.k), "reason": .string(reason)]
            try database.execute(
                Audit.entry(by: person, "child.abort", on: "job", job.id, detail: detail))
            let arguments: JSONValue = ["job": .string(job.idText), "child": .string(String(child.k))]
            try database.enqueue(
                kind: StopChildTask.kind.name, arguments: JSONText(arguments.serialized()),
                uniqueKey: "stopChild/\(job.idText)/\(child.k)")
        }
    }
}

/// Ends one child at AWS, once the array is there.
enum StopChildTask {
    static let kind = TaskKind("stopChild", run: run)

    private struct Stop {
        let credential: UUID
        let account: String
        let region: String
        let phase: String
        let providerID: String?
        let isOver: Bool
        let person: UUID?
        let reason: String
    }

    private static func run(_ task: ClaimedTask, _ bench: inout Workbench) throws -> TaskOutcome {
        let id = try task.id("job")
        guard let k = Int(try task.text("child")), let stop = try read(id, k, &bench.database) else {
            return .discard(reason: "nobody asked to stop this child")
        }
        if stop.isOver { return .done }
        guard stop.phase == "sent", let provider = stop.providerID else {
            return ["refused", "neverSent", "lost"].contains(stop.phase) ? .done : .again(afterMilliseconds: 2000)
        }
        do {
            let key = try bench.openCredential(stop.credential, for: .job(id, of: stop.person, "stop"))
            try bench.aws.terminateJob("\(provider):\(k)", reason: stop.reason, by: key, in: stop.region)
        } catch let error as AWSError {
            return task.patiently(error.description)
        } catch let trouble as CredentialTrouble {
            return task.patiently(trouble.sentence)
        }
        try bench.write(for: task) { try $0.enqueueTracking(account: stop.account, region: stop.region) }
        return .done
    }

    private static func read(_ job: UUID, _ k: Int, _ database: inout Connection) throws -> Stop? {
        try database.row(
            """
            SELECT j.credential, j.account, j.region, j.phase, j.provider_job_id, j.child_count = 1
                    OR j.settled_at IS NOT NULL OR c.lost OR coalesce(c.status IN ('Succeeded', 'Failed'), false) AS is_over,
                c.stop_requested_by, coalesce(p.name, 'an administrator') AS name, coalesce(c.stop_reason, '') AS reason
            FROM children c JOIN jobs j ON j.id = c.job LEFT JOIN people p ON p.id = c.stop_requested_by
            WHERE c.job = \(job) AND c.k = \(k) AND c.stop_requested_at IS NOT NULL
            """
        ) { row in
            Stop(
                credential: try row.uuid("credential"), account: try row.text("account"),
                region: try row.text("region"),
                phase: try row.text("phase"), providerID: try row.textOptional("provider_job_id"),
                isOver: try row.bool("is_over"), person: try row.uuidOptional("stop_requested_by"),
                reason: Abort.words(by: try row.text("name"), reason: try row.text("reason")))
        }
    }
}

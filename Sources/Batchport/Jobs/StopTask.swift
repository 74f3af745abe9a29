import AWS
import FoundationEssentials
import PostgreSQL
import Tasks

/// What a request to stop a job comes to, depending on how far it has come.
enum StopTask {
    static let kind = TaskKind("stop", run: run)
    /// AWS's longest reason.
    private static let longest = 1024

    private struct Stop {
        let owner: UUID
        let credential: UUID
        let region: String
        let account: String
        let phase: String
        let providerID: String?
        let isTerminal: Bool
        let isSettled: Bool
        let person: UUID?
        let reason: String
    }

    private static func run(_ task: ClaimedTask, _ bench: inout Workbench) throws -> TaskOutcome {
        let id = try task.id("job")
        guard let stop = try read(id, &bench.database) else { return .discard(reason: "nobody asked to stop this job") }
        if stop.isSettled || stop.isTerminal { return .done }
        switch stop.phase {
        case "queued", "held":
            let ended = try bench.write(for: task) { database in
                try database.endUnsent(id, as: "neverSent", "Aborted before it was sent.")
            }
            return ended ? .done : .again(afterMilliseconds: 0)
        case "sending", "checking":
            // Whether AWS has it must be known first; then this, or the submission itself, ends it.
            return .again(afterMilliseconds: 1000)
        case "sent": return try terminate(id, stop, task, &bench)
        default: return .done
        }
    }

    private static func terminate(
        _ id: UUID, _ stop: Stop, _ task: ClaimedTask, _ bench: inout Workbench
    ) throws -> TaskOutcome {
        guard let providerID = stop.providerID else { return .discard(reason: "the job has no id of AWS's") }
        do {
            let key = try bench.openCredential(stop.credential, for: .job(id, of: stop.person, "stop"))
            try bench.awaitPlace(of: .terminateJob, at: Place(account: stop.account, region: stop.region))
            try bench.aws.terminateJob(providerID, reason: stop.reason, by: key, in: stop.region)
        } catch let error as AWSError {
            try bench.suspect(stop.credential, after: error)
            try bench.note("It could not be stopped yet. \(error.sentence)", on: id, for: task)
            return task.patiently(error.description)
        } catch let trouble as CredentialTrouble {
            try bench.note("It could not be stopped yet. \(trouble.sentence)", on: id, for: task)
            return task.patiently(trouble.sentence)
        }
        try bench.write(for: task) { try $0.enqueueTracking(account: stop.account, region: stop.region) }
        return .done
    }

    private static func read(_ id: UUID, _ database: inout Connection) throws -> Stop? {
        try database.row(
            """
            SELECT owner, \(fragment: Signer.ofJob) AS credential, region, account, phase, provider_job_id,
                coalesce(status IN ('Succeeded', 'Failed'), false) AS is_terminal, settled_at IS NOT NULL AS is_settled,
                stop_requested_by, coalesce(p.name, 'an administrator') AS name, coalesce(stop_reason, '') AS reason
            FROM jobs j LEFT JOIN people p ON p.id = stop_requested_by
            WHERE j.id = \(id) AND stop_requested_at IS NOT NULL
            """
        ) { row in
            let reason = Abort.words(by: try row.text("name"), reason: try row.text("reason"))
            return Stop(
                owner: try row.uuid("owner"), credential: try row.uuid("credential"), region: try row.text("region"),
                account: try row.text("account"), phase: try row.text("phase"),
                providerID: try row.textOptional("provider_job_id"), isTerminal: try row.bool("is_terminal"),
                isSettled: try row.bool("is_settled"), person: try row.uuidOptional("stop_requested_by"),
                reason: String(reason.prefix(longest)))
        }
    }
}

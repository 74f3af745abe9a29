import FoundationEssentials
import JSON
import PostgreSQL

/// Asks for the end of jobs. Asked twice is no error; the worker does it, and tracking confirms it (jobs.md).
enum Abort {
    static let longestReason = 256
    static let mostAtOnce = 100

    /// What asking came to.
    enum Outcome: String, CaseIterable {
        case requested, alreadyRequested, alreadyEnded, notAllowed, notFound

        var sentence: String {
            switch self {
            case .requested: "Its end was asked for."
            case .alreadyRequested: "Its end had been asked for before."
            case .alreadyEnded: "It had ended already."
            case .notAllowed: "You may see it, but it is not yours to abort."
            case .notFound: "There is no such job, or none that you may see."
            }
        }

        /// Before anything was asked; nil where asking would do something.
        init?(before line: JobLine) {
            if line.mayStop { return nil }
            self = line.standing.isSettled || line.standing.isTerminal ? .alreadyEnded : .alreadyRequested
        }
    }

    static func request(_ job: Job, reason: String, _ scope: inout Scope) throws {
        guard job.mayBeStopped else { throw Failure.notYoursToStop }
        _ = try request([job.line], reason: reason, &scope)
    }

    /// One answer for each line, in their order; all of it in one transaction.
    static func request(_ lines: [JobLine], reason: String, _ scope: inout Scope) throws -> [Outcome] {
        try check(reason)
        let person = try scope.identity().person
        let open = lines.filter(\.mayStop).map(\.id)
        if open.isEmpty { return lines.map { Outcome(before: $0) ?? .requested } }
        let mine = Set(
            try scope.database.rows("SELECT id FROM jobs WHERE id = ANY(\(open)) AND may_stop_job(owner, environment)")
            {
                try $0.uuid(0)
            })
        let stopped = try scope.database.transaction { database in
            let stopped = try database.rows(
                """
                UPDATE jobs SET stop_requested_at = now(), stop_requested_by = \(person), stop_reason = \(reason)
                WHERE id = ANY(\(open)) AND stop_requested_at IS NULL AND settled_at IS NULL RETURNING id
                """
            ) { try $0.uuid(0) }
            let notes = stopped.map {
                Audit.entry(by: person, "job.abort", on: "job", $0, detail: ["reason": .string(reason)])
            }
            let tasks: SQL = """
                SELECT enqueue_task('stop', jsonb_build_object('job', id), 'ordinary', NULL, 'stop/' || id, 25,
                    account || '/' || owner, ARRAY['batch/' || account || '/' || region])
                FROM jobs WHERE id = ANY(\(stopped))
                """
            _ = try database.pipeline(notes + [tasks])
            return Set(stopped)
        }
        // One that somebody else was quicker with has been asked for before.
        return lines.map { line in
            if let outcome = Outcome(before: line) { return outcome }
            guard mine.contains(line.id) else { return .notAllowed }
            return stopped.contains(line.id) ? .requested : .alreadyRequested
        }
    }

    /// As AWS keeps it.
    static func words(by name: String, reason: String) -> String {
        let behind = reason.allSatisfy(\.isWhitespace) ? "" : ": " + reason
        return "Terminated by \(name) via Batchport\(behind)"
    }

    private static func check(_ reason: String) throws {
        guard TextRules.isPlain(reason), reason.unicodeScalars.count <= longestReason else {
            throw Failure.unfit([
                .init(
                    "/reason", "malformed",
                    "The reason has at most \(longestReason) characters, none of them a control character.",
                    limit: longestReason)
            ])
        }
    }

    /// Of a request for several.
    static func checkCount(_ ids: [String]) throws {
        guard (1...mostAtOnce).contains(Set(ids).count), ids.count <= mostAtOnce else {
            throw Failure.unfit([
                .init(
                    "/jobs", "count", ids.isEmpty ? "Choose a job first." : "There may be at most \(mostAtOnce) jobs.",
                    limit: mostAtOnce)
            ])
        }
    }
}

extension Failure {
    static let notYoursToStop = Failure(
        status: 403, type: "not-yours", title: "Not yours to abort",
        detail: "You may see this job, but only its owner, a manager of its environment or an admin may abort it.")
}

extension Connection {
    /// Each by our id or AWS's, in the order asked for, in one round trip; nil for what the asker does not see.
    mutating func lines(eitherIDs texts: [String]) throws -> [JobLine?] {
        let ids = texts.compactMap(UUID.init(uuidString:))
        let texts = texts.map { $0.utf8.contains(0) ? "" : $0 }
        let found = try rows(
            """
            SELECT \(fragment: JobLine.columns.before), NULL::text AS owner_name, \(fragment: JobLine.columns.after)
            FROM jobs j LEFT JOIN sweeps s ON s.account = j.account AND s.region = j.region AND j.settled_at IS NULL
            WHERE j.id = ANY(\(ids)) OR j.provider_job_id = ANY(\(texts)) ORDER BY j.submitted_at
            """
        ) { try JobLine($0) }
        return texts.map { text in
            let id = UUID(uuidString: text)
            return found.first { $0.id == id } ?? found.first { $0.providerJobID == text }
        }
    }
}

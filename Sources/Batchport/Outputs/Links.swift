import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import Processes
import Tasks

/// Addresses that only the worker can sign. The web asks by a row and a task of the reserved lane, and waits, never
/// long: NOTIFY says when to look, and looking anyway makes up for a hint that was lost.
enum Links {
    enum Kind: String, PostgresEncodable {
        case download
        case preview
        case results
        case uploadForm
        case stack
    }

    static let waitMilliseconds: Int64 = 2000

    /// One download or preview; the failure is thrown.
    static func output(
        _ kind: Kind, _ job: UUID, child: Int = ArrayChild.none, _ path: String, _ scope: inout Scope
    ) throws -> JSONValue {
        guard let answer = try outputs(kind, job, child: child, [path], &scope).first else {
            throw Failure.workerSilent
        }
        return try answer.get()
    }

    /// In the paths' order. All of them at once within the one wait, or 503.
    static func outputs(
        _ kind: Kind, _ job: UUID, child: Int = ArrayChild.none, _ paths: [String], _ scope: inout Scope
    ) throws -> [Result<JSONValue, Failure>] {
        let person = try scope.identity().person
        let ids = paths.map { _ in UUID() }
        return try ask(
            ids,
            """
            INSERT INTO links (id, person, kind, job, child, path)
            SELECT q.id, \(person), \(kind), \(job), \(child)::int, q.path FROM unnest(\(ids), \(paths)) AS q (id, path)
            """, &scope)
    }

    /// What a browser or client posts a large file to the bucket with: `{url, fields, expiresAt}`.
    /// - Parameter returnTo: the page of ours that a browser goes to after it.
    static func uploadForm(_ upload: UUID, returnTo: String? = nil, _ scope: inout Scope) throws -> JSONValue {
        let person = try scope.identity().person
        let id = UUID()
        let answers = try ask(
            [id],
            """
            INSERT INTO links (id, person, kind, upload, return_to)
            VALUES (\(id), \(person), \(Kind.uploadForm), \(upload), \(returnTo))
            """, &scope)
        guard let answer = answers.first else { throw Failure.workerSilent }
        return try answer.get()
    }

    static func ask(
        _ ids: [UUID], _ insert: SQL, _ scope: inout Scope
    ) throws -> [Result<JSONValue, Failure>] {
        if ids.isEmpty { return [] }
        return try scope.site.waiting.pass {
            try scope.database.listen("links")
            defer { try? scope.database.forgetLinks(ids) }
            _ = try scope.database.pipeline([
                insert,
                """
                SELECT enqueue_task('presign', jsonb_build_object('link', id), 'interactive', NULL, 'presign/' || id, 3)
                FROM unnest(\(ids)) AS id
                """,
            ])
            let found = try wait(for: ids, &scope.database)
            // The worker's word is short: why it is sealed, the database says.
            if found.values.contains(where: { $0.isSealed }), let seal = try scope.database.vaultSeal() {
                return ids.map { found[$0].flatMap { $0.isSealed ? nil : $0 } ?? .failure(.vaultSealed(seal)) }
            }
            return ids.map { found[$0] ?? .failure(.workerSilent) }
        }
    }

    private static func wait(
        for ids: [UUID], _ database: inout Connection
    ) throws -> [UUID: Result<JSONValue, Failure>] {
        let deadline = Clock.monotonicMilliseconds() + waitMilliseconds
        var found: [UUID: Result<JSONValue, Failure>] = [:]
        while true {
            for (id, answer) in try database.linkAnswers(ids.filter { found[$0] == nil }) { found[id] = answer }
            if found.count == ids.count { return found }
            let left = deadline - Clock.monotonicMilliseconds()
            guard left > 0 else { throw Failure.workerSilent }
            if try database.waitForNotification(milliseconds: Int(min(left, 250))) != nil {
                while try database.waitForNotification(milliseconds: 0) != nil {}
            }
        }
    }
}

extension Connection {
    fileprivate mutating func linkAnswers(_ ids: [UUID]) throws -> [(UUID, Result<JSONValue, Failure>)] {
        try rows(
            """
            SELECT id, answer, failure FROM links
            WHERE id = ANY(\(ids)) AND (answer IS NOT NULL OR failure IS NOT NULL)
            """
        ) { row in
            let id = try row.uuid("id")
            if let failure = try row.textOptional("failure") { return (id, .failure(.ofLink(failure))) }
            return (id, .success(try JSONValue.parse(try row.json("answer").bytes)))
        }
    }

    /// An answer is a secret of a few minutes: gone as soon as it was read.
    fileprivate mutating func forgetLinks(_ ids: [UUID]) throws {
        try execute("DELETE FROM links WHERE id = ANY(\(ids))")
        try unlisten("links")
    }
}

extension Result<JSONValue, Failure> {
    fileprivate var isSealed: Bool {
        guard case .failure(let failure) = self else { return false }
        return failure.type == Failure.vaultSealed.type
    }
}

extension Failure {
    /// The worker's word for why there is no address.
    fileprivate static func ofLink(_ word: String) -> Failure {
        switch word {
        case "gone", "notInBucket":
            Failure(
                status: 410, type: "output-gone", title: "Gone",
                detail:
                    "The object is no longer in the bucket: it was deleted there, or the bucket's lifecycle rule removed it."
            )
        case "notFound": notFound
        case "sealed": vaultSealed
        case "tooLarge": tooLarge("The file has more than the environment allows.")
        case "held":
            conflict(
                """
                The credential that signs for this cannot be used just now. Its owner can mend it under Credentials; if it \
                is gone, an admin can name a custodian of the environment.
                """)
        case "notReady":
            Failure(
                status: 503, type: "results-not-ready", title: "Not ready yet",
                detail: "The results so far are still being put together. Ask again in a moment.", retryAfter: 2)
        case "refused":
            Failure(
                status: 502, type: "aws-refused", title: "Refused by AWS",
                detail: "AWS refused to say anything about this object: the credential may not read it.")
        default:
            Failure(
                status: 503, type: "aws-unreachable", title: "AWS not reached",
                detail: "AWS could not be reached just now. Try again in a moment.", retryAfter: 5)
        }
    }
}

import Cryptography
import FoundationEssentials
import HTTP
import JSON
import PostgreSQL

/// POST /jobs: submitted once, however often it is sent with the same key.
enum SubmitAPI {
    static let routes: [Route] = [.json("POST", "/api/v1/jobs", .token(.jobsSubmit), submit).costly]

    private static func submit(_ call: Call, _ body: JSONValue, _ scope: inout Scope) throws -> Response {
        try Parameters.only(["validateOnly"], in: call.request.query)
        let person = try scope.identity().person
        if try Parameters.flag("validateOnly", in: call.request.query) == true {
            return try validate(body, by: person, &scope)
        }
        let key = try key(call.request)
        let hash = sha256(body.withoutSecrets.serialized())
        let vaultKey = scope.site.vaultKey
        let answer = try Idempotency.once(key, hash, caller: person, in: &scope.database) { database in
            let prepared = try Submit.prepare(try JobRequest(json: body), by: person, in: &database)
            let id = try Submit.store(prepared, by: person, sealing: vaultKey, in: &database)
            guard let job = try database.job(id) else { throw Failure.unexpected }
            return (id, job.json(try database.details(of: id)).text)
        }
        var response = Response(status: 201, body: .bytes(Array(answer.text.utf8)))
        response.headers.set("Content-Type", "application/json")
        response.headers.set("Location", "/api/v1/jobs/" + answer.job.lower)
        return response
    }

    /// A job that nothing would be sent of is not called valid, though it would be taken.
    private static func validate(_ body: JSONValue, by person: UUID, _ scope: inout Scope) throws -> Response {
        let prepared = try Submit.prepare(try JobRequest(json: body), by: person, in: &scope.database)
        let warnings = try scope.database.warnings(in: prepared.environment)
        let estimate = Estimate(prepared.effective, jobs: prepared.array?.children ?? 1)
        var answer: [JSONValue.Member] = [
            .init("valid", .bool(!warnings.contains(where: \.stops))), .init("warnings", .array(warnings.map(\.json))),
            .init("effective", prepared.effective.answer), .init("estimate", estimate.json),
        ]
        if let plan = prepared.array { answer.append(.init("spans", plan.json)) }
        return .json(.object(answer))
    }

    private static func key(_ request: Request) throws -> String {
        let key = try request.header("idempotency-key") ?? ""
        guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
            throw Failure(
                status: 400, type: "idempotency-key", title: "Idempotency-Key needed",
                detail: "The header Idempotency-Key must have 1 to 255 printable ASCII characters.")
        }
        return key
    }
}

/// One job for one key, kept for seven days.
enum Idempotency {
    struct Answer {
        let job: UUID
        let text: String
    }

    /// Runs the body in one transaction with the key's row; an answer kept before comes back as it was. A request that is
    /// under way just now with the same key is a conflict, not a queue.
    static func once(
        _ key: String, _ hash: [UInt8], caller: UUID, in database: inout Connection,
        _ body: (inout Connection) throws -> (UUID, String)
    ) throws -> Answer {
        try database.transaction { database in
            let lock = sha256(Array("\(caller.lower) \(key)".utf8)).prefix(7).reduce(0) { $0 << 8 | Int($1) }
            let answers = try database.pipeline([
                "SELECT pg_try_advisory_xact_lock(\(lock)) AS free",
                "SELECT body_hash, job, answer FROM idempotency_keys WHERE caller = \(caller) AND key = \(key)",
            ])
            guard try answers[0].row({ try $0.bool("free") }) == true else { throw Failure.inFlight }
            let kept = try answers[1].row { row in
                (try row.bytes("body_hash"), Answer(job: try row.uuid("job"), text: try row.text("answer")))
            }
            if let (keptHash, answer) = kept {
                guard keptHash == hash else { throw Failure.otherBody }
                guard !answer.text.isEmpty else { throw Failure.deletedSince }
                return answer
            }
            let (job, text) = try body(&database)
            try database.execute(
                """
                INSERT INTO idempotency_keys (caller, key, body_hash, job, answer)
                VALUES (\(caller), \(key), \(hash), \(job), \(text))
                """)
            return Answer(job: job, text: text)
        }
    }
}

extension Failure {
    fileprivate static let deletedSince = Failure(
        status: 410, type: "job-deleted", title: "Job deleted",
        detail: "The job that this submission became was deleted since. Use a new Idempotency-Key to submit it anew.")
    fileprivate static let inFlight = Failure(
        status: 409, type: "in-flight", title: "In flight",
        detail: "A request with this Idempotency-Key is being answered just now.", retryAfter: 1)
    fileprivate static let otherBody = Failure(
        status: 422, type: "key-reused", title: "Key used for something else",
        detail: "This Idempotency-Key was used with another body before.",
        problems: [.init("/idempotencyKey", "reused", "Use a new key for a new submission.")])
}

import AWS
import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import Tasks

extension PresignTask {
    /// A link to the one object with an array's results. While its children run it is brought up to date by a task of
    /// its own, and whoever asks too early is told to ask again.
    static func results(
        _ question: Question, _ job: UUID, _ task: ClaimedTask, _ bench: inout Workbench
    ) throws -> JSONValue {
        guard let place = try bench.database.resultsObject(job, for: question.person) else { throw Refusal.notFound }
        guard let key = place.key, place.isFresh else {
            try bench.database.enqueue(ResultsTask.kind.name, ["job": .string(job.lower)], for: job)
            throw Refusal.notReady
        }
        let issue: SQL = """
            INSERT INTO audit (actor, by_process, action, subject_kind, subject, detail)
            VALUES (\(question.person), 'worker', 'link.issued', 'job', \(job), '{"kind": "results"}')
            """
        let credentials = try bench.openCredential(
            place.credential, for: .job(job, of: question.person, "results"), alongside: [issue])
        let link = try bench.aws.presignGet(
            bucket: place.bucket, key: key, seconds: linkSeconds, disposition: attachment(named: "results.jsonl"),
            contentType: "application/octet-stream", by: credentials, in: place.region)
        return ["url": .string(link.url), "expiresAt": Instant(link.expiresAt).json, "size": JSONValue(place.size)]
    }
}

private struct ResultsObject {
    let credential: UUID
    let region: String
    let bucket: String
    let key: String?
    let size: Int64
    let isFresh: Bool
}

extension Connection {
    /// Asked again here, whatever the web has checked: who asks must see the job.
    fileprivate mutating func resultsObject(_ job: UUID, for person: UUID) throws -> ResultsObject? {
        try row(
            """
            SELECT j.credential, j.region, j.bucket, j.results_key, coalesce(j.results_size, 0) AS size,
                j.results_final OR coalesce(j.results_at > now() - interval '10 s', false) AS is_fresh
            FROM jobs j WHERE j.id = \(job) AND j.job_type = 'Array'
                AND person_sees_job(\(person), j.owner, j.environment)
            """
        ) {
            ResultsObject(
                credential: try $0.uuid("credential"), region: try $0.text("region"), bucket: try $0.text("bucket"),
                key: try $0.textOptional("results_key"), size: try $0.value("size"), isFresh: try $0.bool("is_fresh"))
        }
    }
}

extension Links {
    /// Of the object with all results of an array: `{url, expiresAt, size}`.
    static func results(_ job: UUID, _ scope: inout Scope) throws -> JSONValue {
        let person = try scope.identity().person
        let id = UUID()
        let answers = try ask(
            [id],
            "INSERT INTO links (id, person, kind, job) VALUES (\(id), \(person), \(Kind.results), \(job))", &scope)
        guard let answer = answers.first else { throw Failure.workerSilent }
        return try answer.get()
    }
}

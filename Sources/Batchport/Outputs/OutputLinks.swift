import AWS
import Cryptography
import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import Tasks

/// All that one person asks of one job's outputs at this moment.
struct OutputLinks {
    private let question: PresignTask.Question
    private let job: UUID
    private let asked: [Asked]
    /// Asked for, but not there for this person.
    private let unknown: [UUID]

    /// As many as the API gives at once.
    private static let most = 1000
    /// For fewer, each object is asked for by its key; for more, the folder is listed.
    private static let fewest = 4

    private struct Asked {
        let link: UUID
        let child: Int
        let credential: UUID
        let region: String
        let bucket: String
        let key: String
        let path: String
        let size: Int64
        let sha256: [UInt8]?
        let contentType: String
    }

    /// Asked again here, whatever the web has checked: who asks must see the job.
    init(_ question: PresignTask.Question, _ job: UUID, _ database: inout Connection) throws {
        let links = try database.rows(
            """
            SELECT id FROM links WHERE person = \(question.person) AND job = \(job) AND kind = \(question.kind)
                AND answer IS NULL AND failure IS NULL ORDER BY id = \(question.id) DESC LIMIT \(Self.most)
            """
        ) { try $0.uuid(0) }
        asked = try database.rows(
            """
            SELECT l.id, l.child, \(fragment: Signer.ofJob) AS credential, j.region, j.bucket, o.key, o.path, o.size,
                o.sha256, o.content_type
            FROM links l JOIN outputs o ON o.job = l.job AND o.child = l.child AND o.path = l.path
            JOIN jobs j ON j.id = l.job
            WHERE l.id = ANY(\(links)) AND person_sees_job(l.person, j.owner, j.environment)
            """
        ) {
            Asked(
                link: try $0.uuid("id"), child: try $0.int("child"), credential: try $0.uuid("credential"),
                region: try $0.text("region"), bucket: try $0.text("bucket"), key: try $0.text("key"),
                path: try $0.text("path"), size: try $0.value("size"), sha256: try $0.bytesOptional("sha256"),
                contentType: try $0.text("content_type"))
        }
        let known = Set(asked.map(\.link))
        unknown = links.filter { !known.contains($0) }
        self.question = question
        self.job = job
    }

    func answers(_ task: ClaimedTask, _ bench: inout Workbench) throws -> PresignTask.Answers {
        let refused = unknown.map { ($0, Result<JSONValue, PresignTask.Refusal>.failure(.notFound)) }
        guard let first = asked.first else { return refused }
        do {
            return refused + (try sign(first, task, &bench))
        } catch is CredentialTrouble {
            return refused + asked.map { ($0.link, .failure(.held)) }
        } catch let error as AWSError {
            try bench.suspect(first.credential, after: error)
            return refused + asked.map { ($0.link, .failure(PresignTask.refusal(error))) }
        }
    }

    private func sign(
        _ first: Asked, _ task: ClaimedTask, _ bench: inout Workbench
    ) throws -> PresignTask.Answers {
        let use = SecretUse.job(job, of: question.person, question.kind)
        let issue: SQL = """
            INSERT INTO audit (actor, by_process, action, subject_kind, subject, detail)
            SELECT \(question.person), 'worker', 'link.issued', 'job', \(job),
                jsonb_build_object('path', path, 'kind', \(question.kind)::text)
            FROM unnest(\(asked.map(\.path))) AS path
            """
        let key = try bench.openCredential(first.credential, for: use, alongside: [issue])
        let present = try sizes(by: key, &bench)
        let gone = asked.filter { present[$0.key] != $0.size }
        if !gone.isEmpty {
            try bench.write(for: task) { database in
                try database.execute(
                    """
                    UPDATE outputs o SET gone_at = now()
                    FROM unnest(\(gone.map(\.child)), \(gone.map(\.path))) AS g (child, path)
                    WHERE o.job = \(job) AND o.child = g.child AND o.path = g.path AND o.gone_at IS NULL
                    """)
            }
        }
        return try asked.map { output in
            guard present[output.key] == output.size else { return (output.link, .failure(.gone)) }
            return (output.link, .success(try link(to: output, by: key, &bench)))
        }
    }

    /// Of those objects that are there.
    private func sizes(by key: AWSCredentials, _ bench: inout Workbench) throws -> [String: Int64] {
        var found: [String: Int64] = [:]
        guard let first = asked.first else { return found }
        if asked.count < Self.fewest {
            for output in asked { found[output.key] = try size(of: output, by: key, &bench) }
            return found
        }
        let folder = asked.dropFirst().reduce(first.key) { $0.commonPrefix(with: $1.key) }
        var token: String?
        repeat {
            let page = try bench.aws.list(
                bucket: first.bucket, prefix: folder, continuation: token, by: key, in: first.region)
            for object in page.objects { found[object.key] = object.size }
            token = page.continuation
        } while token != nil
        return found
    }

    private func size(of output: Asked, by key: AWSCredentials, _ bench: inout Workbench) throws -> Int64? {
        do {
            return try bench.aws.head(bucket: output.bucket, key: output.key, by: key, in: output.region).size
        } catch {
            guard error.isNotFound else { throw error }
            return nil
        }
    }

    private func link(to output: Asked, by key: AWSCredentials, _ bench: inout Workbench) throws -> JSONValue {
        let name = output.path.split(separator: "/").last.map(String.init) ?? output.path
        let link = try bench.aws.presignGet(
            bucket: output.bucket, key: output.key, seconds: PresignTask.linkSeconds,
            disposition: attachment(named: name),
            contentType: ContentType.toSign(output.contentType), by: key, in: output.region)
        return [
            "url": .string(link.url), "expiresAt": Instant(link.expiresAt).json, "size": JSONValue(output.size),
            "sha256": JSONValue(output.sha256.map(hex)),
        ]
    }
}

extension String {
    /// Of both, scalar by scalar.
    fileprivate func commonPrefix(with other: String) -> String {
        String(String.UnicodeScalarView(zip(unicodeScalars, other.unicodeScalars).prefix { $0 == $1 }.map(\.0)))
    }
}

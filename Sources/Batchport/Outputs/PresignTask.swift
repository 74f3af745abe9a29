import AWS
import Cryptography
import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import Tasks

/// Answers a question that a person waits for: a link to one output, or a form to upload with. Each issue stands in the
/// audit trail before there is a link; the link itself stands nowhere but in the answer, for a minute.
enum PresignTask {
    static let kind = TaskKind("presign", lane: .interactive, run: run)
    static let linkSeconds = 300

    struct Question {
        let id: UUID
        let person: UUID
        let kind: String
        let job: UUID?
        let path: String?
        let upload: UUID?
    }

    /// A word for the person who waits; the web has the sentence.
    enum Refusal: String, Error {
        case gone, notFound, held, refused, unreachable
    }

    private static func run(_ task: ClaimedTask, _ bench: inout Workbench) throws -> TaskOutcome {
        let id = try task.id("link")
        guard let question = try bench.database.question(id) else { return .done }
        var (answer, refusal): (JSONValue?, Refusal?) = (nil, nil)
        do {
            answer =
                try question.upload == nil ? outputLink(question, task, &bench) : uploadForm(question, task, &bench)
        } catch let error as Refusal {
            refusal = error
        } catch is CredentialTrouble {
            refusal = .held
        } catch let error as AWSError {
            refusal = error.isCredentialRefused ? .held : error.isDefinite ? .refused : .unreachable
        }
        let (text, word) = (answer.map { JSONText($0.serialized()) }, refusal?.rawValue)
        try bench.write(for: task) { database in
            let changed = try database.execute(
                "UPDATE links SET answer = \(text), failure = \(word) WHERE id = \(id)")
            if changed == 1 { try database.execute("SELECT pg_notify('links', \(id.lower))") }
        }
        return .done
    }

    private struct Asked {
        let owner: UUID
        let credential: UUID
        let region: String
        let bucket: String
        let key: String
        let path: String
        let size: Int
        let sha256: [UInt8]?
        let contentType: String
    }

    private static func outputLink(
        _ question: Question, _ task: ClaimedTask, _ bench: inout Workbench
    ) throws -> JSONValue {
        guard let job = question.job, let output = try asked(question, &bench.database) else { throw Refusal.notFound }
        let use = SecretUse(
            person: question.person, purpose: question.kind,
            detail: [.init("job", .string(job.lower)), .init("path", .string(output.path))])
        let key = try bench.openCredential(output.credential, for: use)
        do {
            let head = try bench.aws.head(bucket: output.bucket, key: output.key, by: key, in: output.region)
            guard head.size == Int64(output.size) else { throw Refusal.gone }
        } catch let error where (error as? AWSError)?.isNotFound == true || error as? Refusal == .gone {
            try bench.write(for: task) { database in
                try database.execute(
                    """
                    UPDATE outputs SET gone_at = now() WHERE job = \(job) AND path = \(output.path) AND gone_at IS NULL
                    """)
            }
            throw Refusal.gone
        }
        let name = output.path.split(separator: "/").last.map(String.init) ?? output.path
        let link = try bench.aws.presignGet(
            bucket: output.bucket, key: output.key, seconds: linkSeconds, disposition: attachment(named: name),
            contentType: ContentType.toSign(output.contentType), by: key, in: output.region)
        return [
            "url": .string(link.url), "expiresAt": Instant(link.expiresAt).json, "size": JSONValue(output.size),
            "sha256": JSONValue(output.sha256.map(hex)),
        ]
    }

    /// Asked again here, whatever the web has checked: who asks must be the job's owner or an admin.
    private static func asked(_ question: Question, _ database: inout Connection) throws -> Asked? {
        try database.row(
            """
            SELECT j.owner, j.credential, j.region, j.bucket, o.key, o.path, o.size, o.sha256, o.content_type
            FROM outputs o JOIN jobs j ON j.id = o.job JOIN people p ON p.id = \(question.person)
            WHERE o.job = \(question.job) AND o.path = \(question.path) AND p.disabled_at IS NULL
                AND (j.owner = p.id OR p.role = 'admin')
            """
        ) {
            Asked(
                owner: try $0.uuid("owner"), credential: try $0.uuid("credential"), region: try $0.text("region"),
                bucket: try $0.text("bucket"), key: try $0.text("key"), path: try $0.text("path"),
                size: try $0.int("size"), sha256: try $0.bytesOptional("sha256"),
                contentType: try $0.text("content_type"))
        }
    }
}

extension Connection {
    fileprivate mutating func question(_ id: UUID) throws -> PresignTask.Question? {
        try row(
            """
            SELECT id, person, kind, job, path, upload FROM links
            WHERE id = \(id) AND answer IS NULL AND failure IS NULL
            """
        ) {
            PresignTask.Question(
                id: try $0.uuid("id"), person: try $0.uuid("person"), kind: try $0.text("kind"),
                job: try $0.uuidOptional("job"), path: try $0.textOptional("path"),
                upload: try $0.uuidOptional("upload"))
        }
    }
}

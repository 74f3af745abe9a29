import AWS
import Cryptography
import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import Tasks

/// Answers questions that a person waits for: links to outputs, a form to upload with, a stack's outputs. Each issue stands in the audit
/// trail before there is a link; the link itself stands nowhere but in the answer, for a minute.
enum PresignTask {
    static let kind = TaskKind("presign", lane: .interactive, run: run)
    static let linkSeconds = 300

    struct Question {
        let id: UUID
        let person: UUID
        let kind: String
        let job: UUID?
        let upload: UUID?
        /// Where a form leads afterwards.
        let returnTo: String?
        let stack: StackQuestion?
    }

    /// A word for the person who waits; the web has the sentence.
    enum Refusal: String, Error {
        case gone, notFound, held, refused, unreachable, sealed, notReady
    }

    typealias Answers = [(link: UUID, answer: Result<JSONValue, Refusal>)]

    private static func run(_ task: ClaimedTask, _ bench: inout Workbench) throws -> TaskOutcome {
        let id = try task.id("link")
        guard let question = try bench.database.question(id) else { return .done }
        let answers: Answers
        do {
            if let job = question.job, question.kind == Links.Kind.results.rawValue {
                answers = [(id, .success(try results(question, job, task, &bench)))]
            } else if let job = question.job {
                // Whoever asks for many asks for one job's: they are answered together.
                answers = try OutputLinks(question, job, &bench.database).answers(task, &bench)
            } else if let asked = question.stack {
                answers = [(id, .success(try stack(asked, for: question.person, &bench)))]
            } else {
                answers = [(id, .success(try uploadForm(question, task, &bench)))]
            }
        } catch let refusal as Refusal {
            answers = [(id, .failure(refusal))]
        } catch is VaultSealed {
            answers = [(id, .failure(.sealed))]
        } catch is CredentialTrouble {
            answers = [(id, .failure(.held))]
        } catch let error as AWSError {
            answers = [(id, .failure(refusal(error)))]
        }
        try bench.write(for: task) { try $0.answer(answers) }
        return .done
    }

    static func refusal(_ error: AWSError) -> Refusal {
        error.isCredentialRefused ? .held : error.isDefinite ? .refused : .unreachable
    }
}

extension Connection {
    fileprivate mutating func question(_ id: UUID) throws -> PresignTask.Question? {
        try row(
            """
            SELECT id, person, kind, job, upload, return_to, stack, region, credential FROM links
            WHERE id = \(id) AND answer IS NULL AND failure IS NULL
            """
        ) { row in
            let stack: StackQuestion? = try row.textOptional("stack").map {
                StackQuestion(name: $0, region: try row.text("region"), credential: try row.uuid("credential"))
            }
            return PresignTask.Question(
                id: try row.uuid("id"), person: try row.uuid("person"), kind: try row.text("kind"),
                job: try row.uuidOptional("job"), upload: try row.uuidOptional("upload"),
                returnTo: try row.textOptional("return_to"), stack: stack)
        }
    }

    /// Writes and announces the answers. The tasks of those that were answered along with another are done as well.
    fileprivate mutating func answer(_ answers: PresignTask.Answers) throws {
        var (good, texts, bad, words): ([UUID], [String], [UUID], [String]) = ([], [], [], [])
        for (link, answer) in answers {
            switch answer {
            case .success(let value):
                good.append(link)
                texts.append(value.text)
            case .failure(let refusal):
                bad.append(link)
                words.append(refusal.rawValue)
            }
        }
        let ids = good + bad
        _ = try pipeline([
            """
            UPDATE links SET answer = given.answer::jsonb FROM unnest(\(good), \(texts)) AS given (id, answer)
            WHERE links.id = given.id
            """,
            """
            UPDATE links SET failure = given.failure FROM unnest(\(bad), \(words)) AS given (id, failure)
            WHERE links.id = given.id
            """,
            """
            UPDATE tasks SET state = 'done', finished_at = now()
            WHERE unique_key IN (SELECT 'presign/' || id FROM unnest(\(ids)) AS id) AND state = 'available'
            """,
            "SELECT pg_notify('links', links.id::text) FROM links WHERE links.id = ANY(\(ids))",
        ])
    }
}

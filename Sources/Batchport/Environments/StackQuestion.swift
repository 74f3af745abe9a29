import AWS
import FoundationEssentials
import JSON
import PostgreSQL
import Tasks

/// A CloudFormation stack whose outputs are asked for, by whose credential and where.
struct StackQuestion {
    let name: String
    let region: String
    let credential: UUID
}

extension Links {
    /// What CloudFormation says of the stack: `{status, isReady, outputs}`, or in a sentence why it says nothing,
    /// `{refused}`.
    static func stack(_ asked: StackQuestion, _ scope: inout Scope) throws -> JSONValue {
        let person = try scope.identity().person
        let id = UUID()
        let answers = try ask(
            [id],
            """
            INSERT INTO links (id, person, kind, stack, region, credential)
            VALUES (\(id), \(person), \(Kind.stack), \(asked.name), \(asked.region), \(asked.credential))
            """, &scope)
        guard let answer = answers.first else { throw Failure.workerSilent }
        return try answer.get()
    }
}

extension PresignTask {
    /// Only by a credential of who asks.
    static func stack(_ asked: StackQuestion, for person: UUID, _ bench: inout Workbench) throws -> JSONValue {
        let isOwn = try bench.database.row(
            """
            SELECT owner = \(person) AND job IS NULL AND deleted_at IS NULL FROM credentials
            WHERE id = \(asked.credential)
            """
        ) { try $0.bool(0) }
        guard isOwn == true else { throw Refusal.notFound }
        let key = try bench.openCredential(
            asked.credential,
            for: SecretUse(
                person: person, purpose: "stack", reach: .stack(asked.name, region: asked.region),
                detail: [.init("stack", .string(asked.name))]))
        do {
            let stack = try bench.aws.stack(asked.name, by: key, in: asked.region)
            return [
                "status": .string(stack.status), "isReady": .bool(stack.isReady),
                "outputs": .object(stack.outputs.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) }),
            ]
        } catch {
            if error.code == "UnknownRegion" { return ["refused": "There is no region of this name here."] }
            guard error.isDefinite, !error.isCredentialRefused else { throw error }
            return ["refused": .string(sentence(error, asked))]
        }
    }

    private static func sentence(_ error: AWSError, _ asked: StackQuestion) -> String {
        if error.code == "ValidationError", error.message.contains("does not exist") {
            return "There is no stack of this name in \(asked.region) in the account of this credential."
        }
        return error.isAccessDenied
            ? "This credential may not describe the stack: it needs cloudformation:DescribeStacks." : error.sentence
    }
}

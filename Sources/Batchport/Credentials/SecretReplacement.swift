import AWS
import FoundationEssentials
import JSON
import PostgreSQL
import Tasks
import Vault

/// A credential's new secret: opened, AWS asked whose it is, and put in the place of the one before. One that is of another
/// account, or that AWS does not take, changes nothing.
enum SecretReplacement {
    static let kind = TaskKind("replaceSecret", run: run)

    fileprivate struct Next {
        let owner: UUID
        let version: Int
        let region: String
        let ingress: [UInt8]
        /// Nil where nothing has said yet of which it is.
        let account: String?
    }

    private enum Verdict {
        case taken(CallerIdentity, record: [UInt8])
        case refused(String)
        case unreached
    }

    private static func run(_ task: ClaimedTask, _ bench: inout Workbench) throws -> TaskOutcome {
        let id = try task.id("credential")
        guard let next = try bench.database.nextSecret(id) else { return .done }
        let written: Int
        switch try look(next, id, &bench) {
        case .unreached: return .retry(reason: "AWS was not reached")
        case .refused(let sentence):
            written = try bench.write(for: task) { try $0.drop(next, of: id, sentence) }
        case .taken(let identity, let record):
            written = try bench.write(for: task) { try $0.take(next, of: id, identity, record) }
        }
        // Another one was given meanwhile, or the owner's key was replaced.
        return written == 1 ? .done : .again(afterMilliseconds: 0)
    }

    private static func look(_ next: Next, _ id: UUID, _ bench: inout Workbench) throws -> Verdict {
        try bench.requireUnsealed()
        let vault = try bench.vault
        let context = SealContext(
            table: "credentials", row: id.lower, owner: next.owner.lower, field: "accessKey", version: next.version + 1)
        try bench.database.execute(
            Audit.work(for: next.owner, "credential.used", on: "credential", id, detail: ["purpose": "replace"]))
        do {
            let secret = try vault.openIngress(next.ingress, context: context)
            let key = try Workbench.accessKey(secret)
            let identity = try bench.aws.callerIdentity(by: key, in: next.region)
            if let sentence = fault(of: identity, next) { return .refused(sentence) }
            return .taken(identity, record: try vault.seal(secret, context: context))
        } catch let error as AWSError {
            return error.isDefinite || error.isCredentialRefused ? .refused(error.sentence) : .unreached
        } catch is VaultError {
            return .refused("It cannot be opened: enter it again.")
        }
    }

    private static func fault(of identity: CallerIdentity, _ next: Next) -> String? {
        if identity.isRoot { return RootUser.sentence }
        guard let account = next.account, account != identity.account else { return nil }
        return """
            It is of the account \(identity.account), and this credential of \(account). Enter a key of \(account), or add \
            this one as a credential of its own.
            """
    }
}

extension Connection {
    /// Of which account it must be: of the one that the secret before was; else of what it signs for.
    fileprivate mutating func nextSecret(_ id: UUID) throws -> SecretReplacement.Next? {
        try row(
            """
            SELECT owner, version, region, next_ingress, coalesce(c.account,
                (SELECT e.account FROM environments e
                    WHERE c.id IN (e.credential, e.custodian) AND e.deleted_at IS NULL LIMIT 1),
                (SELECT j.account FROM jobs j WHERE j.credential = c.id AND j.settled_at IS NULL LIMIT 1)) AS account
            FROM credentials c WHERE id = \(id) AND next_ingress IS NOT NULL
            """
        ) {
            .init(
                owner: try $0.uuid("owner"), version: try $0.int("version"), region: try $0.text("region"),
                ingress: try $0.bytes("next_ingress"), account: try $0.textOptional("account"))
        }
    }

    /// What waited for the credential goes on.
    fileprivate mutating func take(
        _ next: SecretReplacement.Next, of id: UUID, _ identity: CallerIdentity, _ record: [UInt8]
    ) throws -> Int {
        let written = try execute(
            """
            UPDATE credentials SET sealed = \(record), ingress = NULL, version = version + 1,
                access_key_hint = next_hint, expires_at = next_expires_at, replaced_at = now(), next_ingress = NULL,
                next_hint = NULL, next_expires_at = NULL, next_trouble = NULL, health = 'ok', health_detail = NULL,
                account = \(identity.account), arn = \(identity.arn), checked_at = now()
            WHERE id = \(id) AND version = \(next.version) AND next_ingress = \(next.ingress)
            """)
        guard written == 1 else { return written }
        try execute(
            Audit.work(
                for: next.owner, "credential.replaced", on: "credential", id, detail: ["arn": .string(identity.arn)]))
        try resumeHeldJobs(credential: id)
        return written
    }

    fileprivate mutating func drop(_ next: SecretReplacement.Next, of id: UUID, _ sentence: String) throws -> Int {
        let written = try execute(
            """
            UPDATE credentials SET next_ingress = NULL, next_hint = NULL, next_expires_at = NULL,
                next_trouble = \(sentence)
            WHERE id = \(id) AND version = \(next.version) AND next_ingress = \(next.ingress)
            """)
        guard written == 1 else { return written }
        try execute(Audit.work(for: next.owner, "credential.notReplaced", on: "credential", id))
        return written
    }
}

import FoundationEssentials
import JSON
import PostgreSQL

/// Why a job may not be sent now, what must be mended, and by whom. What can be mended says that it goes on by itself then.
struct Hold {
    enum Cause: String {
        case credentialDeleted, credentialUnreadable, credentialRefused, vaultSealed, environmentDisabled
    }

    let cause: Cause
    let sentence: String
    let remedy: String

    init(cause: Cause, sentence: String, remedy: String) {
        self.cause = cause
        self.sentence = sentence
        self.remedy = remedy
    }

    init(_ trouble: CredentialTrouble) {
        switch trouble {
        case .deleted:
            self.init(
                cause: .credentialDeleted, sentence: trouble.sentence,
                remedy: "Abort it and run it again: the new job is signed with the credential of today.")
        case .sealed:
            self.init(
                cause: .vaultSealed, sentence: trouble.sentence,
                remedy: "The worker must be given its root key. \(Self.goesOn)")
        case _ where trouble.remedy != nil:
            self.init(
                cause: .credentialRefused, sentence: trouble.sentence,
                remedy: [trouble.remedy, Self.goesOn].compactMap(\.self).joined(separator: " "))
        default:
            self.init(
                cause: .credentialUnreadable, sentence: trouble.sentence,
                remedy: "The access key must be entered again under Credentials. \(Self.goesOn)")
        }
    }

    init(_ seal: VaultSeal) {
        self.init(
            cause: .vaultSealed, sentence: seal.sentence,
            remedy: "It must be unsealed (batchport admin vault unseal). \(Self.goesOn)")
    }

    init(refusedWith sentence: String) {
        self.init(
            cause: .credentialRefused, sentence: sentence,
            remedy:
                "The access key must be made valid at AWS, or entered anew under Credentials; it is tried again by itself. \(Self.goesOn)"
        )
    }

    private static let goesOn = "The job goes on by itself then; nothing needs to be submitted again."

    /// Of a credential that was entered for the job alone: no other can be entered in its place.
    private var ofOneJob: Hold {
        Hold(
            cause: cause, sentence: sentence,
            remedy:
                "The access key was entered for this job alone, and no other can take its place: abort the job, and run it again with one that AWS accepts."
        )
    }

    /// As it is for a credential, which may be the job's own.
    func with(_ credential: UUID, _ database: inout Connection) throws -> Hold {
        guard cause == .credentialRefused || cause == .credentialUnreadable else { return self }
        let isOfOneJob = try database.row("SELECT job IS NOT NULL FROM credentials WHERE id = \(credential)") {
            try $0.bool(0)
        }
        return isOfOneJob == true ? ofOneJob : self
    }

    static func disabled(_ environment: String) -> Hold {
        Hold(
            cause: .environmentDisabled, sentence: "The environment \(environment) is disabled.",
            remedy: "It must be enabled again; or abort the job. \(goesOn)")
    }

    /// By name. Who may not be named to the owner is known to the worker only, hence kept in the row.
    func who(_ job: Submission, _ database: inout Connection) throws -> String {
        switch cause {
        case .vaultSealed: "an operator of this installation"
        case .environmentDisabled: "an administrator"
        case .credentialDeleted: "you"
        case .credentialUnreadable, .credentialRefused:
            try database.row(
                """
                SELECT CASE WHEN c.owner = \(job.owner) THEN 'you' ELSE p.name END
                FROM credentials c JOIN people p ON p.id = c.owner WHERE c.id = \(job.credential)
                """
            ) { try $0.text(0) } ?? "an administrator"
        }
    }
}

extension Connection {
    /// What may have been mended without anybody telling: AWS is asked again about credentials that jobs wait for, and
    /// jobs of enabled environments go on.
    mutating func lookAfterHeldJobs() throws {
        try resumeHeldJobs(
            where: """
                held_cause = 'environmentDisabled'
                    AND EXISTS (SELECT FROM environments e WHERE e.id = jobs.environment AND e.enabled)
                """)
        let waiting = try rows(
            """
            SELECT DISTINCT c.id FROM jobs JOIN credentials c ON c.id = jobs.credential
            WHERE jobs.phase = 'held' AND jobs.settled_at IS NULL AND c.deleted_at IS NULL
                AND held_cause IN ('credentialRefused', 'credentialUnreadable')
                AND coalesce(c.checked_at < now() - interval '10 minutes', true)
            """
        ) { try $0.uuid(0) }
        for id in waiting { try enqueue("checkCredential", ["credential": .string(id.lower)], for: id) }
    }
}

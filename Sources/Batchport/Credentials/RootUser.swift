import AWS
import PostgreSQL

/// A root user's key cannot be cut to anything (trust.md S36). A saved credential is asked about when it is saved; this is
/// for one that signs before that, and for one entered for a single job, which nobody else asks about.
enum RootUser {
    static let sentence = "The access key is of the account's root user, whose keys sign nothing here."

    static let ofOneJob = sentence + " Submit the job again with the key of a user, or of a role's session."

    static let ofSaved = CredentialTrouble(
        sentence: sentence, remedy: "Enter the key of a user under Credentials, or add a role that may be assumed.")
}

extension Workbench {
    /// Why the job is refused, where the key was entered for it alone; throws where it is a saved one, which can be mended.
    mutating func refusalOfRootUser(_ key: AWSCredentials, _ job: Submission) throws -> String? {
        let unknown = try database.row(
            "SELECT job IS NOT NULL FROM credentials WHERE id = \(job.credential) AND kind = 'accessKey' AND arn IS NULL"
        ) { try $0.bool(0) }
        guard let isOfOneJob = unknown else { return nil }
        let identity = try aws.callerIdentity(by: key, in: job.region)
        let finding = CredentialCheck.finding(for: identity)
        try database.execute(
            """
            UPDATE credentials SET health = \(finding.health.rawValue), health_detail = \(finding.detail),
                account = coalesce(\(finding.account)::text, account), arn = \(finding.arn)::text, checked_at = now()
            WHERE id = \(job.credential) AND arn IS NULL
            """)
        guard identity.isRoot else { return nil }
        if isOfOneJob { return RootUser.ofOneJob }
        throw RootUser.ofSaved
    }
}

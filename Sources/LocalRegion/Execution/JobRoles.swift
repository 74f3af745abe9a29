internal import FoundationEssentials
internal import IAMPolicy
internal import JSON
internal import PostgreSQL

/// The roles that a job's definition names: the container's own, and the one by which ECS prepares it. ECS has to be able to
/// assume both before it starts anything.
extension Connection {
    /// Ends a RUNNABLE job that names one that cannot be assumed, in ECS's words and, since no task was made, without an
    /// attempt; answers whether it did.
    mutating func refuseRoles(of job: UUID, task: String) throws -> Bool {
        guard let role = try namedRoles(of: job).first(where: { !$0.isAssumable(task: task) }) else { return false }
        let words =
            "ECS was unable to assume the role '\(role.arn)' that was provided for this task. Please verify that the role "
            + "being passed has the proper trust relationship and permissions and that your IAM user has permissions to "
            + "pass this role."
        try execute(
            """
            UPDATE jobs SET status = 'FAILED', stopped_at = clock_timestamp(), status_reason = \(words)
            WHERE id = \(job) AND status = 'RUNNABLE' AND attempt_simulation IS NULL
            """)
        return true
    }

    private mutating func namedRoles(of job: UUID) throws -> [NamedRole] {
        try rows(
            """
            SELECT arn, trust FROM jobs JOIN jobs AS asked ON asked.id = coalesce(jobs.parent, jobs.id)
            JOIN job_definitions AS d ON (d.name, d.revision) = (asked.definition, asked.revision)
            CROSS JOIN LATERAL (VALUES (d.properties ->> 'executionRoleArn'), (d.properties ->> 'jobRoleArn')) AS given (arn)
            LEFT JOIN roles ON starts_with(arn, \(NamedRole.start)) AND roles.name = regexp_replace(arn, '^.*/', '')
            WHERE jobs.id = \(job) AND arn IS NOT NULL
            """
        ) { row in
            NamedRole(
                arn: try row.text("arn"),
                trust: try row.jsonOptional("trust").map { try PolicyDocument($0.bytes, as: .trust) })
        }
    }
}

private struct NamedRole {
    static let start = "arn:aws:iam::\(BatchName.onlyAccount):role/"

    let arn: String
    /// Nil if there is no such role in the account.
    let trust: PolicyDocument?

    /// Whether its trust policy lets ECS in, which says for which account and task it asks.
    func isAssumable(task: String) -> Bool {
        guard let trust else { return false }
        let request = AccessRequest(
            principal: PolicyPrincipal(.service, account: "", arn: "ecs-tasks.amazonaws.com"),
            action: "sts:AssumeRole", resource: arn,
            context: AccessContext([
                "aws:SourceAccount": [BatchName.onlyAccount],
                "aws:SourceArn": [BatchName(account: BatchName.onlyAccount).task(task)],
            ]))
        return AccessRules(identity: [], resource: trust).decideAssuming(request) == .allowed
    }
}

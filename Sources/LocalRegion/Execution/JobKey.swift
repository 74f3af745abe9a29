internal import Cryptography
internal import FoundationEssentials
internal import JSON
internal import PostgreSQL

/// The temporary access key of one attempt: deleted with it, so its stated end only has to lie behind the attempt's.
struct JobKey {
    let id: String
    let document: JSONValue
}

extension Connection {
    mutating func makeKey(job: UUID, task: String) throws -> JobKey {
        let id = "ASIA" + base62(randomBytes(12), length: 16).uppercased()
        let secret = base64(randomBytes(30))
        let token = base64(randomBytes(192))
        let end = try row(
            """
            INSERT INTO access_keys (id, secret, session_token, principal, expires_at)
            SELECT \(id), \(secret), \(token), 'assumed-role/' || coalesce(\(fragment: role), \(FirstIdentities.jobRole))
                    || '/' || \(task),
                now() + CASE WHEN timeout_seconds IS NULL THEN interval '30 days'
                    ELSE (timeout_seconds + 3600) * interval '1 s' END
            FROM jobs WHERE jobs.id = \(job)
            RETURNING to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
            """
        ) { row in try row.text(0) }
        return JobKey(
            id: id,
            document: [
                "AccessKeyId": .string(id), "SecretAccessKey": .string(secret), "Token": .string(token),
                "Expiration": JSONValue(end),
            ])
    }
}

/// Of the job's definition, by its ARN's last part.
private let role: SQL = """
    (SELECT regexp_replace(properties ->> 'jobRoleArn', '^.*/', '') FROM jobs AS asked
    JOIN job_definitions ON (asked.definition, asked.revision) = (job_definitions.name, job_definitions.revision)
    WHERE asked.id = coalesce(jobs.parent, jobs.id))
    """

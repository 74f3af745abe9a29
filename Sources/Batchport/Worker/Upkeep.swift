import FoundationEssentials
import JSON
import PostgreSQL
import Tasks

/// What repeats for ever: it removes what is over, and finds work whose task got lost.
enum Upkeep {
    static let periodMilliseconds = 30_000

    /// Done in one transaction; answers whether nothing is left of it.
    struct Duty: Sendable {
        let name: String
        let run: @Sendable (inout Connection) throws -> Bool

        init(_ name: String, run: @escaping @Sendable (inout Connection) throws -> Bool) {
            self.name = name
            self.run = run
        }

        static func once(_ name: String, _ run: @escaping @Sendable (inout Connection) throws -> Void) -> Duty {
            Duty(name) { database in
                try run(&database)
                return true
            }
        }
    }

    static let duties: [Duty] = [
        Duty("finished tasks") { database in try database.pruneTasks(limit: 1000) < 1000 },
        .once("old links") { database in
            try database.execute("DELETE FROM links WHERE created_at < now() - interval '1 minute'")
        },
        .once("old looks") { database in
            try database.execute("DELETE FROM looks WHERE at < now() - interval '10 minutes'")
            try database.execute("DELETE FROM child_looks WHERE at < now() - interval '10 minutes'")
        },
        .once("old idempotency keys") { database in
            try database.execute("DELETE FROM idempotency_keys WHERE created_at < now() - interval '7 days'")
        },
        .once("expired uploads") { database in try database.removeExpiredUploads() },
        .once("lost work") { database in try database.findLostWork() },
        .once("held jobs") { database in try database.lookAfterHeldJobs() },
        .once("lost deletions") { database in try database.findLostDeletions() },
        .once("daily checks") { database in
            try database.checkEnvironmentsDaily()
            try database.checkCredentialsDaily()
        },
        .once("keys left behind") { database in try database.findKeysLeftBehind() },
        .once("lost rotation") { database in try database.findLostRotation() },
        .once("the portal's identity") { database in try database.checkPortalHourly() },
        .once("hourly questions") { database in try database.askHourlyWhatIsForgotten() },
    ]
}

extension Connection {
    /// Only those with a credential of their own: nobody's personal one is used unasked.
    mutating func checkEnvironmentsDaily() throws {
        let due = try rows(
            """
            SELECT id FROM environments
            WHERE enabled AND deleted_at IS NULL AND coalesce(credential, custodian) IS NOT NULL
                AND coalesce(checked_at < now() - interval '1 day', true)
            """
        ) { try $0.uuid(0) }
        for id in due { try enqueue(EnvironmentCheck.kind.name, ["environment": .string(id.lower)], for: id) }
    }

    /// Asking whose a credential is needs no permission and changes nothing. Some at a time; the rest are next.
    mutating func checkCredentialsDaily() throws {
        let due = try rows(
            """
            SELECT id FROM credentials
            WHERE deleted_at IS NULL AND job IS NULL AND (coalesce(checked_at < now() - interval '1 day', true)
                OR (expires_at < now() AND checked_at < expires_at))
            ORDER BY checked_at NULLS FIRST LIMIT 500
            """
        ) { try $0.uuid(0) }
        for id in due { try enqueue(CredentialCheck.kind.name, ["credential": .string(id.lower)], for: id) }
    }

    /// Every unsettled job has a task that brings it further. Such a task ends otherwise only by being discarded, after
    /// twenty-five attempts or as many dead workers; then it begins anew here.
    mutating func findLostWork() throws {
        try execute(
            """
            WITH unsettled AS MATERIALIZED (
                SELECT id, account, region, phase, status, stop_requested_at, stop_confirmed_at,
                    account || '/' || owner AS party, 'batch/' || account || '/' || region AS gate
                FROM jobs WHERE settled_at IS NULL AND phase_since < now() - interval '1 minute'),
            work (kind, key, arguments, party, gates) AS (
                SELECT 'submit', 'submit/' || id, jsonb_build_object('job', id), party,
                    ARRAY[gate, 'SubmitJob/' || account || '/' || region] FROM unsettled
                WHERE phase IN ('queued', 'sending', 'checking')
                UNION ALL
                SELECT 'capture', 'capture/' || id, jsonb_build_object('job', id), party, NULL FROM unsettled
                WHERE phase = 'lost' OR (phase = 'sent' AND status IN ('Succeeded', 'Failed'))
                UNION ALL
                SELECT 'stop', 'stop/' || id, jsonb_build_object('job', id), party, ARRAY[gate] FROM unsettled
                WHERE stop_requested_at IS NOT NULL AND stop_confirmed_at IS NULL
                    AND NOT (phase = 'sent' AND status IN ('Succeeded', 'Failed'))
                UNION
                SELECT 'track', concat_ws('/', 'track', account, region),
                    jsonb_build_object('account', account, 'region', region), NULL, ARRAY[gate] FROM unsettled
                WHERE phase = 'sent' AND status NOT IN ('Succeeded', 'Failed'))
            SELECT enqueue_task(kind, arguments, 'ordinary', NULL, key, 25, party, gates) FROM (
                SELECT * FROM work
                UNION
                SELECT 'doubts', concat_ws('/', 'doubts', account, region),
                    jsonb_build_object('account', account, 'region', region), NULL,
                    ARRAY['batch/' || account || '/' || region] FROM doubts) all_work
            WHERE NOT EXISTS (
                SELECT FROM tasks t WHERE t.unique_key = key AND t.state IN ('available', 'running', 'retryable'))
            """)
    }
}

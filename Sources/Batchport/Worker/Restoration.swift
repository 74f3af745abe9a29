import FoundationEssentials
import PostgreSQL
import Tasks

/// After a restore the rows are as they once were, and AWS is not: what stands here as not sent may have been (trust.md
/// R25). So each such job is looked for by its name before it is sent. Noticed by the database being elsewhere than it
/// was: another server, timeline, database or table.
extension Connection {
    /// Before anything is claimed on a new connection. Answers how many jobs are to be looked for.
    @discardableResult
    mutating func noticeRestore() throws -> Int {
        let isKnown = try row("SELECT EXISTS (SELECT FROM origin WHERE mark = origin_mark())") { try $0.bool(0) }
        if isKnown == true { return 0 }
        return try transaction { database in
            let isFirst = try database.execute(
                "INSERT INTO origin (mark) VALUES (origin_mark()) ON CONFLICT (single) DO NOTHING")
            if isFirst == 1 { return 0 }
            // Of several workers that notice it, one does it.
            let changed = try database.execute(
                """
                UPDATE origin SET mark = origin_mark(), noticed_at = now() WHERE mark <> origin_mark()
                """)
            return changed == 1 ? try database.doubtAllUnsent() : 0
        }
    }

    private mutating func doubtAllUnsent() throws -> Int {
        let jobs = try rows(
            """
            UPDATE jobs SET phase = 'checking', phase_since = now(), intent_at = clock_timestamp(),
                phase_reason = 'The database was restored: AWS is asked whether it has the job before it is sent.'
            WHERE settled_at IS NULL AND phase IN ('queued', 'held', 'sending', 'checking')
            RETURNING id
            """
        ) { try $0.uuid(0) }
        _ = try pipeline([
            """
            INSERT INTO job_notes (job, kind, detail) SELECT id, 'restored',
                'The database was restored from a backup: AWS is asked whether it has this job before it is sent.'
            FROM unnest(\(jobs)) AS id
            """,
            """
            INSERT INTO doubts AS d (job, account, region, since, until)
            SELECT id, account, region, submitted_at,
                now() + coalesce(site_limit('submission.doubtSeconds'), 3600) * interval '1 s'
            FROM jobs WHERE id = ANY(\(jobs))
            ON CONFLICT (job) DO UPDATE SET since = excluded.since, until = excluded.until
            """,
            """
            SELECT enqueue_task('submit', jsonb_build_object('job', id), 'ordinary', NULL, 'submit/' || id, 25,
                account || '/' || owner, ARRAY['batch/' || account || '/' || region,
                's3/' || account || '/' || region, 'SubmitJob/' || account || '/' || region])
            FROM jobs WHERE id = ANY(\(jobs))
            """,
            """
            SELECT enqueue_task('doubts', jsonb_build_object('account', account, 'region', region), 'ordinary', NULL,
                concat_ws('/', 'doubts', account, region), 25, NULL, ARRAY['batch/' || account || '/' || region])
            FROM (SELECT DISTINCT account, region FROM jobs WHERE id = ANY(\(jobs))) places
            """,
            """
            INSERT INTO audit (by_process, action, subject_kind, detail)
            VALUES ('worker', 'database.restored', 'database', jsonb_build_object('jobs', \(jobs.count)::int))
            """,
        ])
        return jobs.count
    }
}

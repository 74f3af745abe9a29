import FoundationEssentials
import PostgreSQL
import Tasks

/// The steps of a job's row before it is sent. Each is fenced, and each names the phases it may leave.
extension Workbench {
    /// Something must be mended first.
    mutating func hold(_ job: Submission, _ trouble: Hold, for task: ClaimedTask) throws {
        try write(for: task) { database in
            let trouble = try trouble.with(job.credential, &database)
            let who = try trouble.who(job, &database)
            let changed = try database.execute(
                """
                UPDATE jobs SET phase = 'held', phase_since = now(), phase_reason = \(trouble.sentence),
                    held_cause = \(trouble.cause.rawValue), held_remedy = \(trouble.remedy), held_who = \(who)
                WHERE id = \(job.id) AND phase IN ('queued', 'held')
                """)
            if changed == 1 { try database.note(job.id, "held", trouble.sentence) }
        }
    }

    /// No definite answer to the one attempt.
    mutating func doubt(_ job: Submission, _ reason: String, for task: ClaimedTask) throws {
        try write(for: task) { database in
            let changed = try database.execute(
                """
                UPDATE jobs SET phase = 'checking', phase_since = now(), phase_reason = \(reason)
                WHERE id = \(job.id) AND phase = 'sending'
                """)
            guard changed == 1 else { return }
            try database.note(job.id, "checking", reason)
            try database.remember(doubtAbout: job)
        }
    }

    /// Nothing of it is at AWS: it may be sent again.
    mutating func requeue(_ job: Submission, _ reason: String?, for task: ClaimedTask) throws {
        try write(for: task) { database in
            let changed = try database.execute(
                """
                UPDATE jobs SET phase = 'queued', phase_since = now(), phase_reason = \(reason)
                WHERE id = \(job.id) AND phase IN ('sending', 'checking')
                """)
            if changed == 1, job.phase == "checking" { try database.note(job.id, "sentAgain", reason ?? "") }
        }
    }

    /// What is in the way, without a change of phase.
    mutating func note(_ reason: String, on job: UUID, for task: ClaimedTask) throws {
        try write(for: task) { database in
            try database.execute(
                """
                UPDATE jobs SET phase_reason = \(reason)
                WHERE id = \(job) AND settled_at IS NULL AND phase_reason IS DISTINCT FROM \(reason)
                """)
        }
    }

    mutating func refuse(_ job: Submission, _ reason: String, for task: ClaimedTask) throws {
        try write(for: task) { try $0.endUnsent(job.id, as: "refused", reason) }
    }

    mutating func neverSend(_ job: Submission, _ reason: String, for task: ClaimedTask) throws {
        try write(for: task) { try $0.endUnsent(job.id, as: "neverSent", reason) }
    }

    /// AWS has it. Only what must be known at once is written here; all else is tracking's.
    mutating func recordSent(_ job: Submission, providerID: String, for task: ClaimedTask) throws {
        try write(for: task) { database in
            let changed = try database.execute(
                """
                UPDATE jobs SET phase = 'sent', phase_since = now(), phase_reason = NULL, provider_job_id = \(providerID),
                    status = 'Submitted', status_source = 'submission', status_since = now()
                WHERE id = \(job.id) AND phase IN ('sending', 'checking')
                """)
            guard changed == 1 else { return }
            if job.phase == "checking" {
                try database.note(job.id, "adopted", "AWS had it under its unique name, as \(providerID).")
            }
            try database.execute(
                """
                INSERT INTO status_changes (job, status, at, source) VALUES (\(job.id), 'Submitted', now(), 'submission')
                """)
            try database.enqueueTracking(account: job.account, region: job.region)
        }
    }
}

extension Connection {
    /// The end of a job that AWS never had: settled at once, its files dropped. Answers whether it could be ended so.
    @discardableResult
    mutating func endUnsent(_ id: UUID, as phase: String, _ reason: String) throws -> Bool {
        let changed = try execute(
            """
            UPDATE jobs SET phase = \(phase), phase_since = now(), phase_reason = \(reason), settled_at = now(),
                capture = 'complete', captured_at = now(),
                stop_confirmed_at = CASE WHEN stop_requested_at IS NULL THEN NULL ELSE now() END
            WHERE id = \(id) AND settled_at IS NULL AND phase IN ('queued', 'held', 'sending', 'checking')
            """)
        guard changed == 1 else { return false }
        try execute(
            """
            DELETE FROM upload_chunks c WHERE upload IN (SELECT upload FROM job_inputs WHERE job = \(id)
                UNION SELECT elements_upload FROM jobs WHERE id = \(id))
                AND NOT EXISTS (SELECT FROM job_inputs i JOIN jobs j ON j.id = i.job
                    WHERE i.upload = c.upload AND i.job <> \(id) AND j.settled_at IS NULL)
                AND NOT EXISTS (SELECT FROM jobs j
                    WHERE j.elements_upload = c.upload AND j.id <> \(id) AND j.settled_at IS NULL)
            """)
        return true
    }
}

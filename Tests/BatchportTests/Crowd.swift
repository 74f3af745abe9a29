import Cryptography
import FoundationEssentials
import PostgreSQL
import TestSupport

@testable import Batchport

/// Many jobs at once, in the region's tables and ours, as if they had been sent one by one.
extension WorkerFixture {
    /// All with this status at both, or at the region only; `age` is how long they have had it.
    @discardableResult
    func crowd(_ count: Int, _ status: String = "RUNNING", age: Int = 0, areOurs: Bool = true) throws -> [UUID] {
        let word = status.prefix(1) + status.dropFirst().lowercased()
        let ids = (0..<count).map { _ in UUID() }
        let arn = "arn:aws:batch:\(Self.regionName):000000000000:"
        try changeRegion(
            """
            INSERT INTO jobs (id, name, queue, definition, revision, command, environment, vcpus, memory_mib, max_attempts,
                status, started_at, request, access_key_id, principal)
            SELECT id, 'bp-' || id, 'local', 'batchport-runner', 1, '{}', '[]', 1, 64, 1, \(status),
                CASE WHEN \(status) = 'RUNNING' THEN now() END, '{}', 'k', 'p' FROM unnest(\(ids)) AS id
            """)
        if !areOurs { return ids }
        try change(
            """
            INSERT INTO jobs (id, owner, environment, environment_version, credential, name, language, argv, settings,
                effective, account, region, bucket, prefix, job_queue, job_definition, with_runner, provider_job_name,
                phase, phase_since, provider_job_id, intent_at, status, status_source, status_since)
            SELECT id, \(person), \(environment), 1, \(credential), 'one of many', 'command', '{true}', '{}', '{}',
                '000000000000', \(Self.regionName), \(Self.bucket), 'p/', \(arn + "job-queue/local"),
                \(arn + "job-definition/plain:1"), false, 'bp-' || id, 'sent', now() - \(age) * interval '1 s', id::text,
                now(), \(String(word)), 'poll', now() - \(age) * interval '1 s'
            FROM unnest(\(ids)) AS id
            """)
        return ids
    }

    /// The web's connection, with the person's session; or another's.
    func reader(_ other: UUID? = nil) throws -> Connection {
        let session = base64URL(randomBytes(32))
        try change(
            """
            INSERT INTO sessions (token_hash, person, factor, idle, ends_at)
            VALUES (\(sha256(Array(session.utf8))), \(other ?? person), true, '1 hour', now() + interval '1 day')
            """)
        var connection = try database.connect(.web)
        connection.identity = session
        return connection
    }

    /// How often the region was asked for this while `body` ran.
    func calls(of operation: String, _ body: () throws -> Void) throws -> Int {
        // A fault without effect counts what it meets.
        let id = try askRegion(
            """
            INSERT INTO faults (operation, kind, milliseconds, remaining) VALUES (\(operation), 'delay', 0, 100000)
            RETURNING id
            """
        ) { try $0.int(0) }
        try body()
        let left = try askRegion("SELECT remaining FROM faults WHERE id = \(id)") { try $0.int(0) }
        try changeRegion("DELETE FROM faults WHERE id = \(id)")
        return 100_000 - (left ?? 0)
    }
}

extension WorkerFixture {
    /// An array that the region has, its children in these numbers of statuses there; ours knows nothing of them yet.
    func array(_ counts: [(status: String, children: Int)]) throws -> UUID {
        let (id, upload) = (UUID(), UUID())
        let size = counts.reduce(0) { $0 + $1.children }
        let arn = "arn:aws:batch:\(Self.regionName):000000000000:"
        try changeRegion(
            """
            INSERT INTO jobs (id, name, queue, definition, revision, command, environment, vcpus, memory_mib, max_attempts,
                status, request, access_key_id, principal, array_size)
            VALUES (\(id), \("bp-" + id.lower), 'local', 'batchport-runner', 1, '{}', '[]', 1, 64, 3, 'PENDING', '{}', 'k',
                'p', \(size))
            """)
        try changeRegion(
            """
            INSERT INTO jobs (parent, array_index, queue, vcpus, memory_mib, max_attempts, parameters, retry_rules, tags,
                overrides_length) SELECT \(id), k, 'local', 1, 64, 3, NULL, NULL, NULL, NULL
            FROM generate_series(0, \(size - 1)) AS k
            """)
        var first = 0
        for (status, children) in counts {
            try set(status, of: id, first..<first + children)
            first += children
        }
        var owner = try database.connect(.migrate)
        _ = try owner.pipeline([
            """
            INSERT INTO uploads (id, owner, environment, name, size, state)
            VALUES (\(upload), \(person), \(environment), 'elements', 1, 'used')
            """,
            """
            INSERT INTO jobs (id, owner, environment, environment_version, credential, name, job_type, language, code,
                settings, effective, account, region, bucket, prefix, job_queue, job_definition, with_runner,
                provider_job_name, phase, phase_since, provider_job_id, intent_at, status, status_source, status_since,
                method, elements, elements_upload, child_count)
            VALUES (\(id), \(person), \(environment), 1, \(credential), 'an array', 'Array', 'python', 'f', '{}',
                '{"vcpus": {"value": 1}}', '000000000000', \(Self.regionName), \(Self.bucket), 'p/',
                \(arn + "job-queue/local"), \(arn + "job-definition/batchport-runner:1"), true, \("bp-" + id.lower),
                'sent', now(), \(id.lower), now(), 'Submitted', 'submission', now(), '"Automatic"', \(size), \(upload),
                \(size))
            """,
            """
            INSERT INTO children (job, k, first_element, elements)
            SELECT \(id), k, k, 1 FROM generate_series(0, \(size - 1)) AS k
            """,
        ])
        return id
    }

    /// At the region, as its executor would: an ended child has an attempt with a log.
    func set(_ status: String, of array: UUID, _ children: Range<Int>, exit: Int = 0) throws {
        let isOver = status == "SUCCEEDED" || status == "FAILED"
        let hasRun = isOver || status == "RUNNING"
        try changeRegion(
            """
            UPDATE jobs SET status = \(status), started_at = CASE WHEN \(hasRun) THEN coalesce(started_at, now()) END,
                stopped_at = CASE WHEN \(isOver) THEN now() END,
                status_reason = CASE WHEN \(isOver) THEN 'Essential container in task exited' END
            WHERE parent = \(array) AND array_index >= \(children.lowerBound) AND array_index < \(children.upperBound)
            """)
        if !isOver { return }
        try changeRegion(
            """
            INSERT INTO job_attempts (job, number, task, instance, access_key_id, log_stream, started_at, stopped_at,
                exit_code, status_reason)
            SELECT id, 1, md5(id::text), 'i', 'k', 'batchport-runner/default/' || array_index, now(), now(), \(exit),
                'Essential container in task exited'
            FROM jobs WHERE parent = \(array) AND array_index >= \(children.lowerBound)
                AND array_index < \(children.upperBound) ON CONFLICT DO NOTHING
            """)
    }
}

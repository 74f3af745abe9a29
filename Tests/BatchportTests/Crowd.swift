import FoundationEssentials
import PostgreSQL

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

    /// How often the region was asked for this while `body` ran.
    func calls(of operation: String, _ body: () throws -> Void) throws -> Int {
        // A fault without effect counts what it meets.
        try changeRegion(
            "INSERT INTO faults (operation, kind, milliseconds, remaining) VALUES (\(operation), 'delay', 0, 100000)")
        try body()
        let left = try askRegion("SELECT remaining FROM faults WHERE operation = \(operation)") { try $0.int(0) }
        try changeRegion("DELETE FROM faults WHERE operation = \(operation)")
        return 100_000 - (left ?? 0)
    }
}

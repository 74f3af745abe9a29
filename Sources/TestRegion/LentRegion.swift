internal import Glibc
internal import LocalRegion
internal import PostgreSQL
internal import Synchronization
internal import TestSupport

/// A region that a test has to itself, as it was after its first start: starting one takes a second, cleaning one some
/// tens of milliseconds. It goes back when its borrower lets go.
package final class LentRegion: Sendable {
    package let region: RegionUnderTest

    private static let idle = Mutex<[RegionUnderTest]>([])
    /// So that no nginx outlives the tests.
    private static let endsWithProcess: Void = { atexit { LentRegion.idle.withLock { $0.removeAll() } } }()

    package init() throws {
        _ = Self.endsWithProcess
        let kept = Self.idle.withLock { $0.popLast() }
        region = try kept ?? RegionUnderTest()
    }

    deinit {
        // One that cannot be cleaned is not lent again.
        guard (try? region.clean()) != nil else { return }
        Self.idle.withLock { $0.append(region) }
    }
}

extension RegionUnderTest {
    /// Forgets jobs, logs, objects and faults, and knows its users by their first secrets again.
    func clean() throws {
        var connection = try database.connect(.superuser)
        _ = try connection.pipeline([
            "TRUNCATE job_dependencies, job_attempts, job_states, jobs, log_events, log_streams, objects, parts, uploads",
            "TRUNCATE faults, faults_taken, access_keys, users, roles, identity_policies",
            "UPDATE job_queues SET state = 'ENABLED'",
        ])
        try FirstStart.prepare(server)
    }
}

import FoundationEssentials
import PostgreSQL
import Tasks
import Testing

struct LeaseTests {
    private let fixture: TaskFixture

    init() throws { fixture = try TaskFixture() }

    @Test func whoWasRescuedFromWritesNothing() throws {
        var slow = try fixture.connect()
        var quick = try fixture.connect()
        try slow.enqueue(kind: "work")
        let old = try #require(try slow.claimOne())
        try fixture.expire(old.id)
        #expect(try quick.rescueTasks() == 1)
        let new = try #require(try quick.claimOne())
        #expect(new.id == old.id)
        #expect(new.attempt == 2)
        #expect(new.lease.token != old.lease.token)
        #expect(throws: LeaseLost.self) { try slow.transaction { try $0.hold(old.lease) } }
        #expect(throws: LeaseLost.self) { try slow.finish(old.lease) }
        #expect(throws: LeaseLost.self) { try slow.release(old.lease) }
        #expect(throws: LeaseLost.self) { try slow.retry(old.lease, reason: "late", afterMilliseconds: 0) }
        #expect(throws: LeaseLost.self) { try slow.discard(old.lease, reason: "late") }
        #expect(throws: LeaseLost.self) { try slow.repeatTask(old.lease, afterMilliseconds: 0) }
        #expect(old.lease.isLost)
        #expect(
            try fixture.row(new.id)
                == .init(
                    state: "running", attempt: 2, isLeased: true, error: "the worker stopped renewing its lease"))
        try quick.finish(new.lease)
        #expect(try fixture.row(new.id) == .init(state: "done", attempt: 2, isLeased: false))
    }

    @Test func aRenewedLeaseIsNotRescued() throws {
        var connection = try fixture.connect()
        try connection.enqueue(kind: "work")
        try connection.enqueue(kind: "work")
        let kept = try #require(try connection.claimOne())
        let lost = try #require(try connection.claimOne())
        try fixture.expire(kept.id)
        try fixture.expire(lost.id)
        try connection.renew([kept.lease], milliseconds: 60_000)
        #expect(kept.lease.remainingMilliseconds > 30_000)
        #expect(try connection.rescueTasks() == 1)
        try connection.renew([kept.lease, lost.lease], milliseconds: 60_000)
        #expect(!kept.lease.isLost)
        #expect(lost.lease.isLost)
        #expect(lost.lease.remainingMilliseconds == 0)
    }

    @Test func aHeldTaskIsNotRescuedMeanwhile() throws {
        var writer = try fixture.connect()
        var rescuer = try fixture.connect()
        try writer.enqueue(kind: "work")
        let task = try #require(try writer.claimOne())
        try fixture.expire(task.id)
        try writer.transaction { writer in
            try writer.hold(task.lease)
            #expect(try rescuer.rescueTasks() == 0)
        }
        #expect(try rescuer.rescueTasks() == 1)
    }

    @Test func aTaskThatKillsItsWorkersEnds() throws {
        var connection = try fixture.connect()
        let id = try #require(try connection.enqueue(kind: "work", maxAttempts: 2))
        for attempt in 1...2 {
            let task = try #require(try connection.claimOne())
            #expect(task.attempt == attempt)
            #expect(task.isLastAttempt == (attempt == 2))
            try fixture.expire(id)
            try connection.rescueTasks()
        }
        #expect(try fixture.row(id)?.state == "discarded")
        #expect(try connection.claimOne() == nil)
    }

    @Test func aLeaseRunsOutByItself() {
        let lease = Lease(id: 1, token: UUID(), milliseconds: 1000, start: .now - .seconds(2))
        #expect(lease.isLost)
        #expect(Lease(id: 1, token: UUID(), milliseconds: 10_000, start: .now).remainingMilliseconds > 5000)
    }
}

import PostgreSQL
import Tasks
import Testing

struct SettleTests {
    private let fixture: TaskFixture

    init() throws { fixture = try TaskFixture() }

    @Test func retriesUntilItsAttemptsAreUsedUp() throws {
        var connection = try fixture.connect()
        let id = try #require(try connection.enqueue(kind: "work", maxAttempts: 2))
        let first = try #require(try connection.claimOne())
        try connection.retry(first.lease, reason: "no answer", afterMilliseconds: 60_000)
        #expect(try fixture.row(id) == .init(state: "retryable", attempt: 1, isLeased: false, error: "no answer"))
        #expect(try connection.claimOne() == nil)
        try fixture.makeDue()
        let second = try #require(try connection.claimOne())
        try connection.retry(second.lease, reason: "no answer again", afterMilliseconds: 60_000)
        #expect(try fixture.row(id) == .init(state: "discarded", attempt: 2, isLeased: false, error: "no answer again"))
    }

    @Test func releasedIsAsIfNeverClaimed() throws {
        var connection = try fixture.connect()
        let id = try #require(try connection.enqueue(kind: "work"))
        try connection.release(try #require(try connection.claimOne()).lease)
        #expect(try fixture.row(id) == .init(state: "available", attempt: 0, isLeased: false))
        #expect(try connection.claimOne()?.attempt == 1)
    }

    @Test func repeatsWithAFreshCount() throws {
        var connection = try fixture.connect()
        let id = try #require(try connection.enqueue(kind: "work", uniqueKey: "only", maxAttempts: 2))
        for _ in 0..<3 {
            try connection.repeatTask(try #require(try connection.claimOne()).lease, afterMilliseconds: 60_000)
            #expect(try fixture.row(id)?.attempt == 0)
            #expect(try connection.enqueue(kind: "work", uniqueKey: "only") == nil)
            try fixture.makeDue()
        }
    }

    @Test func discardsWithItsReasonCut() throws {
        var connection = try fixture.connect()
        let id = try #require(try connection.enqueue(kind: "work"))
        let reason = String(repeating: "x", count: 3000)
        try connection.discard(try #require(try connection.claimOne()).lease, reason: reason)
        #expect(try fixture.row(id)?.error?.count == 2000)
    }

    @Test func settlesInTheTransactionOfItsWork() throws {
        var connection = try fixture.connect()
        let id = try #require(try connection.enqueue(kind: "work"))
        let task = try #require(try connection.claimOne())
        struct Interrupted: Error {}
        #expect(throws: Interrupted.self) {
            try connection.transaction { connection in
                try connection.finish(task.lease)
                throw Interrupted()
            }
        }
        #expect(try fixture.row(id)?.state == "running")
        try connection.transaction { connection in
            try connection.hold(task.lease)
            try connection.enqueue(kind: "next")
            try connection.finish(task.lease)
        }
        #expect(try fixture.row(id)?.state == "done")
        #expect(try connection.claimOne("next") != nil)
    }

    @Test func prunesFinishedTasksInTheirTime() throws {
        var connection = try fixture.connect()
        for _ in 0..<3 { try connection.enqueue(kind: "work") }
        let done = try #require(try connection.claimOne())
        try connection.finish(done.lease)
        let discarded = try #require(try connection.claimOne())
        try connection.discard(discarded.lease, reason: "unfit")
        #expect(try connection.pruneTasks() == 0)
        #expect(try connection.pruneTasks(doneSeconds: -1, discardedSeconds: 3600) == 1)
        #expect(try fixture.row(done.id) == nil)
        #expect(try connection.pruneTasks(discardedSeconds: -1) == 1)
        #expect(try connection.claimOne() != nil)
    }

    @Test(arguments: [(1, 1000), (2, 16_000), (7, 2_401_000), (8, 3_600_000), (1000, 3_600_000)])
    func waitsLongerEachTimeAndAtMostAnHour(attempt: Int, base: Int) {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<100 {
            let wait = Backoff.milliseconds(attempt: attempt, using: &generator)
            #expect(abs(wait - base) <= base / 10)
        }
    }
}

import PostgreSQL
import Tasks
import TestSupport
import Testing

struct ClaimTests {
    private let fixture: TaskFixture

    init() throws { fixture = try TaskFixture() }

    @Test func takesTheOldestOfItsKindsAndLane() throws {
        var connection = try fixture.connect()
        let first = try connection.enqueue(kind: "work", arguments: JSONText(#"{"n": 1}"#))
        try connection.enqueue(kind: "work")
        try connection.enqueue(kind: "other")
        try connection.enqueue(kind: "work", lane: .interactive)
        let task = try #require(try connection.claimOne())
        #expect(task.id == first)
        #expect(task.attempt == 1)
        #expect(task.arguments == JSONText(#"{"n": 1}"#))
        #expect(try fixture.row(task.id) == .init(state: "running", attempt: 1, isLeased: true))
        let rest = try connection.claimTasks(
            kinds: ["work", "other"], lane: .ordinary, leaseMilliseconds: 1000, limit: 10)
        #expect(rest.map(\.kind) == ["work", "other"])
        #expect(try connection.claimOne() == nil)
        #expect(try connection.claimOne(lane: .interactive) != nil)
    }

    @Test func leavesWhatIsNotDueYet() throws {
        var connection = try fixture.connect()
        try connection.enqueue(kind: "work", runAt: Timestamp(milliseconds: 4_102_444_800_000))
        #expect(try connection.claimOne() == nil)
        let wait = try #require(try connection.nextTaskMilliseconds(kinds: ["work"], lane: .ordinary))
        #expect(wait > 1_000_000)
        #expect(try connection.nextTaskMilliseconds(kinds: ["work"], lane: .interactive) == nil)
        try fixture.makeDue()
        #expect(try connection.nextTaskMilliseconds(kinds: ["work"], lane: .ordinary) == 0)
        #expect(try connection.claimOne() != nil)
    }

    @Test func isMadeByOneOnlyHoweverManyTry() async throws {
        var connection = try fixture.connect()
        for _ in 0..<40 { try connection.enqueue(kind: "work") }
        let claimed = try await withThrowingTaskGroup(of: [Int].self) { group in
            for _ in 0..<4 {
                group.addTask {
                    var connection = try fixture.connect()
                    var ids: [Int] = []
                    while let task = try connection.claimOne() { ids.append(task.id) }
                    return ids
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(claimed.count == 40)
        #expect(Set(claimed).count == 40)
    }

    @Test func belongsToTheTransactionThatMadeTheTask() throws {
        struct Interrupted: Error {}
        var connection = try fixture.connect()
        #expect(throws: Interrupted.self) {
            try connection.transaction { connection in
                try connection.enqueue(kind: "work")
                throw Interrupted()
            }
        }
        #expect(try connection.claimOne() == nil)
    }

    @Test func oneKeyStandsForOneUnfinishedTask() throws {
        var connection = try fixture.connect()
        #expect(try connection.enqueue(kind: "work", uniqueKey: "a") != nil)
        #expect(try connection.enqueue(kind: "work", uniqueKey: "a") == nil)
        #expect(try connection.enqueue(kind: "work", uniqueKey: "b") != nil)
        let task = try #require(try connection.claimOne())
        #expect(try connection.enqueue(kind: "work", uniqueKey: "a") == nil)
        try connection.finish(task.lease)
        #expect(try connection.enqueue(kind: "work", uniqueKey: "a") != nil)
    }

    @Test func dueTasksAreAnnouncedByTheirLane() throws {
        var connection = try fixture.connect()
        var listener = try fixture.connect()
        try listener.listen("tasks")
        try connection.enqueue(kind: "work", runAt: Timestamp(milliseconds: 4_102_444_800_000))
        try connection.enqueue(kind: "work", lane: .interactive)
        #expect(try listener.waitForNotification(milliseconds: 5000)?.payload == "interactive")
        try connection.enqueue(kind: "work")
        #expect(try listener.waitForNotification(milliseconds: 5000)?.payload == "ordinary")
        #expect(try listener.waitForNotification(milliseconds: 0) == nil)
    }

    @Test func theWebMayEnqueueAndDoNothingElse() throws {
        var web = try fixture.database.connect(.web)
        #expect(try web.enqueue(kind: "work") != nil)
        #expect(throws: PostgresError.self) { try web.claimOne() }
        #expect(throws: PostgresError.self) { try web.execute("DELETE FROM tasks") }
    }
}

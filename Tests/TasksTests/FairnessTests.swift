import PostgreSQL
import Tasks
import Testing

/// Parties take turns (trust.md R16).
struct FairnessTests {
    private let fixture: TaskFixture

    init() throws { fixture = try TaskFixture() }

    /// The parties of the tasks in the order in which they are claimed, each finished before the next.
    private func order(_ count: Int) throws -> [String] {
        var connection = try fixture.connect()
        return try (0..<count).map { _ in
            let task = try #require(try connection.claimOne())
            let party = try connection.row("SELECT coalesce(party, '') FROM tasks WHERE id = \(task.id)") {
                try $0.text(0)
            }
            try connection.finish(task.lease)
            return try #require(party)
        }
    }

    private func enqueue(_ count: Int, for party: String?) throws {
        var connection = try fixture.connect()
        for _ in 0..<count { try connection.enqueue(kind: "work", party: party) }
    }

    @Test func oneWithManyDelaysAnotherByOne() throws {
        try enqueue(500, for: "a")
        #expect(try order(10) == [String](repeating: "a", count: 10))
        try enqueue(3, for: "b")
        try enqueue(1, for: "c")
        #expect(try order(7) == ["a", "b", "c", "a", "b", "a", "b"])
    }

    @Test func whoCameFirstGainsNothingByIt() throws {
        try enqueue(4, for: "a")
        try enqueue(4, for: "b")
        #expect(try order(8) == ["a", "b", "a", "b", "a", "b", "a", "b"])
    }

    @Test func whatWasUsedLongAgoIsForgotten() throws {
        try enqueue(50, for: "a")
        _ = try order(50)
        try enqueue(2, for: "a")
        try enqueue(50, for: "b")
        #expect(try order(3) == ["a", "b", "a"])
    }

    @Test func nobodysTasksNeverStandBehind() throws {
        try enqueue(100, for: "a")
        _ = try order(5)
        try enqueue(1, for: nil)
        #expect(try order(1) == [""])
    }

    /// A thousand tasks that come back together do not come back before everybody else.
    @Test func thoseThatCameBackStandInTurnsToo() throws {
        var connection = try fixture.connect()
        for _ in 0..<50 {
            try connection.enqueue(
                kind: "work", runAt: Timestamp(milliseconds: 4_102_444_800_000), party: "a")
        }
        try fixture.makeDue()
        #expect(try order(1) == ["a"])
        try enqueue(2, for: "b")
        #expect(Set(try order(2)) == ["a", "b"])
        #expect(Set(try order(2)) == ["a", "b"])
    }

    @Test func aReleasedTaskKeepsItsTurn() throws {
        var connection = try fixture.connect()
        try enqueue(3, for: "a")
        let first = try #require(try connection.claimOne())
        try connection.release(first.lease)
        #expect(try connection.claimOne()?.id == first.id)
    }

    @Test func eachLaneHasItsOwnTurns() throws {
        var connection = try fixture.connect()
        for _ in 0..<50 { try connection.enqueue(kind: "work", lane: .interactive, party: "a") }
        try enqueue(5, for: "a")
        for _ in 0..<50 {
            try connection.finish(try #require(try connection.claimOne(lane: .interactive)).lease)
        }
        try enqueue(1, for: "b")
        #expect(try order(2) == ["a", "b"])
    }
}

import PostgreSQL
import Tasks
import Testing

struct GateTests {
    private let fixture: TaskFixture

    init() throws { fixture = try TaskFixture() }

    @Test func behindAClosedGateNothingIsClaimed() throws {
        var connection = try fixture.connect()
        for _ in 0..<100 { try connection.enqueue(kind: "work", party: "a", gates: ["x", "y"]) }
        let other = try connection.enqueue(kind: "work", party: "b", gates: ["z"])
        let free = try connection.enqueue(kind: "work", party: "b")
        try connection.close(gate: "y", milliseconds: 600_000)
        #expect(try connection.claimOne()?.id == other)
        #expect(try connection.claimOne()?.id == free)
        #expect(try connection.claimOne() == nil)
        let wait = try #require(try connection.nextTaskMilliseconds(kinds: ["work"], lane: .ordinary))
        #expect(wait > 500_000)
        // Not opened by closing it for less.
        try connection.close(gate: "y", milliseconds: 0)
        #expect(try connection.claimOne() == nil)
        try connection.open(gate: "y")
        #expect(try connection.nextTaskMilliseconds(kinds: ["work"], lane: .ordinary) == 0)
        #expect(try connection.claimOne() != nil)
    }

    @Test func aGateOpensByItself() throws {
        var connection = try fixture.connect()
        try connection.enqueue(kind: "work", gates: ["x"])
        try connection.close(gate: "x", milliseconds: 600_000)
        try connection.execute("UPDATE gates SET opens_at = now() - interval '1 s'")
        let task = try #require(try connection.claimOne())
        #expect(!task.isProbe)
        #expect(try connection.pass(task))
    }

    @Test func aGateThatIsAjarLetsOneThroughAtATime() throws {
        var connection = try fixture.connect()
        for _ in 0..<3 { try connection.enqueue(kind: "work", gates: ["x", "y"]) }
        try connection.leaveAjar(gate: "x", periodMilliseconds: 600_000)
        #expect(try connection.claimOne() == nil)
        try connection.execute("UPDATE gates SET opens_at = now() - interval '1 s'")
        // Both are claimed before either has passed.
        let first = try #require(try connection.claimOne())
        let second = try #require(try connection.claimOne())
        #expect(first.isProbe && second.isProbe)
        #expect(try connection.pass(second))
        #expect(try !connection.pass(first))
        try connection.release(first.lease)
        #expect(try connection.claimOne() == nil)
        // It stays so however often the trouble is told.
        try connection.leaveAjar(gate: "x", periodMilliseconds: 0)
        #expect(try connection.claimOne() == nil)
        try connection.open(gate: "x")
        #expect(try connection.claimOne()?.isProbe == false)
    }
}

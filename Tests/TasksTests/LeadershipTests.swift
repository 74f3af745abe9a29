import FoundationEssentials
import PostgreSQL
import Tasks
import Testing

/// One of all workers keeps the house (trust.md R20).
struct LeadershipTests {
    private let fixture: TaskFixture
    private let one = UUID()
    private let other = UUID()

    init() throws { fixture = try TaskFixture() }

    private func end() throws {
        var connection = try fixture.connect()
        try connection.execute("UPDATE scheduler SET until = now() - interval '1 s'")
    }

    @Test func thereIsOneAtATime() throws {
        var connection = try fixture.connect()
        let term = try #require(try connection.lead(as: one, milliseconds: 60_000))
        #expect(try connection.lead(as: other, milliseconds: 60_000) == nil)
        #expect(try connection.lead(as: one, milliseconds: 60_000) == term)
        try end()
        let next = try #require(try connection.lead(as: other, milliseconds: 60_000))
        #expect(next.number == term.number + 1)
        #expect(try connection.lead(as: one, milliseconds: 60_000) == nil)
        try connection.resign(next)
        #expect(try connection.lead(as: one, milliseconds: 60_000)?.number == next.number + 1)
    }

    @Test func whoWasPausedPastItsTimeWritesNothing() throws {
        var slow = try fixture.connect()
        let term = try #require(try slow.lead(as: one, milliseconds: 60_000))
        try end()
        #expect(throws: TermOver.self) { try slow.transaction { try $0.hold(term) } }
        var quick = try fixture.connect()
        let next = try #require(try quick.lead(as: other, milliseconds: 60_000))
        #expect(throws: TermOver.self) { try slow.transaction { try $0.hold(term) } }
        #expect(try !slow.tick(term, periodMilliseconds: 0))
        try slow.resign(term)
        try quick.transaction { try $0.hold(next) }
    }

    @Test func nobodyTakesOverInTheMiddleOfAWrite() throws {
        var writer = try fixture.connect()
        var eager = try fixture.connect()
        let term = try #require(try writer.lead(as: one, milliseconds: 300))
        try eager.execute("SELECT set_config('lock_timeout', '100', false)")
        try writer.transaction { writer in
            try writer.hold(term)
            // Its time runs out meanwhile.
            #expect(throws: PostgresError.self) { while try eager.lead(as: other, milliseconds: 60_000) == nil {} }
        }
        #expect(try eager.lead(as: other, milliseconds: 60_000) != nil)
    }

    @Test func oneTickInAPeriodWhoeverLeads() throws {
        var connection = try fixture.connect()
        let term = try #require(try connection.lead(as: one, milliseconds: 60_000))
        #expect(try connection.tick(term, periodMilliseconds: 60_000))
        #expect(try !connection.tick(term, periodMilliseconds: 60_000))
        try end()
        let next = try #require(try connection.lead(as: other, milliseconds: 60_000))
        #expect(try !connection.tick(next, periodMilliseconds: 60_000))
        try connection.execute("UPDATE scheduler SET ticked_at = now() - interval '1 hour'")
        #expect(try !connection.tick(term, periodMilliseconds: 60_000))
        #expect(try connection.tick(next, periodMilliseconds: 60_000))
    }
}

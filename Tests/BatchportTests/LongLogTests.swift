import FoundationEssentials
import JSON
import PostgreSQL
import Testing

@testable import Batchport

/// Logs with lines of a megabyte: no answer holds more than some megabytes, none leaves a line out, and a page shows the
/// place it was asked for.
struct LongLogTests {
    private static let longest = 1_000_000
    private static let lines = 24

    /// Lines of a megabyte, four to a row, as a capture stores them.
    private func log(_ portal: inout Portal) throws -> UUID {
        let job = try portal.submitted()
        try portal.worker([
            "INSERT INTO logs (job, attempt, stream, lines, complete) VALUES (\(job), 1, 's', \(Self.lines)::int, true)",
            """
            INSERT INTO log_chunks (job, attempt, first_line, lines, times, text)
            SELECT \(job), 1, min(n), count(*), array_agg(n::bigint ORDER BY n),
                string_agg(rpad(n || ' ', \(Self.longest)::int, 'x'), E'\\n' ORDER BY n)
            FROM generate_series(1, \(Self.lines)::int) n GROUP BY (n - 1) / 4
            """,
        ])
        return job
    }

    private func numbers(_ answer: Answer) -> [Int] {
        (answer.json["lines"]?.array ?? []).compactMap { $0["n"]?.integer }
    }

    @Test func isReadPageByPage() throws {
        var portal = try Portal()
        let base = "/jobs/\(try log(&portal).uuidString)/log"
        var (read, after) = ([Int](), 0)
        while true {
            let page = try portal.api("GET", base + "?limit=10000&after=\(after)")
            #expect(page.bytes.count < 5 << 20)
            if numbers(page).isEmpty { break }
            read += numbers(page)
            after = try #require(page.json["nextAfter"]?.integer)
        }
        #expect(read == Array(1...Self.lines))
        #expect(numbers(try portal.api("GET", base + "?tail=10")) == [21, 22, 23, 24])
        #expect(numbers(try portal.api("GET", base + "?before=10")) == [6, 7, 8, 9])
        let raw = try portal.api("GET", base, as: portal.member, [("accept", "text/plain")])
        #expect(raw.bytes.count == Self.lines * (Self.longest + 1))
        #expect(raw.text.split(separator: "\n").map { $0.prefix { $0 != " " } } == (1...Self.lines).map { "\($0)" })
        #expect(
            try portal.api("GET", "/jobs/\(base.split(separator: "/")[1])/properties/JobLog").json["missing"] != nil)
    }

    @Test(arguments: [
        ("", 23...24), ("?before=9", 7...8), ("?line=12", 12...12), ("?after=12", 13...14),
        ("?after=9223372036854775807", 1...1), ("?line=1", 1...2), ("?line=99", 24...24),
        ("?line=-9223372036854775808", 1...2), ("?before=-9223372036854775808", 1...1),
        ("?before=9223372036854775807", 23...24), ("?line=9223372036854775807", 24...24),
    ])
    func itsPageShowsThePlace(_ query: String, _ place: ClosedRange<Int>) throws {
        var portal = try Portal()
        let page = try portal.page("/jobs/\(try log(&portal).uuidString)/log" + query)
        #expect(page.status == 200)
        #expect(page.bytes.count < 1 << 20)
        let isEmpty = query.hasPrefix("?before=-") || query.hasPrefix("?after=9")
        for n in place { #expect(page.text.contains("id=\"L\(n)\"") != isEmpty, "line \(n) of \(place)") }
        #expect(!page.text.contains("id=\"L\(place.upperBound + 1)\""))
    }

    @Test(arguments: [
        ("tail=3&after=1", ["/tail", "/after"]), ("before=3&after=1", ["/before", "/after"]), ("lines=3", ["/lines"]),
        ("before=0", ["/before"]), ("tail=10001", ["/tail"]),
    ])
    func whatCannotBeAskedForIsNamed(_ query: String, _ places: [String]) throws {
        var portal = try Portal()
        let answer = try portal.api("GET", "/jobs/\(try log(&portal).uuidString)/log?" + query)
        #expect(answer.status == 400)
        #expect(answer.json["errors"]?.array?.compactMap { $0["pointer"]?.string } == places)
    }

    @Test func linesBeforeOneAreThoseNextToIt() throws {
        var portal = try Portal()
        let base = "/jobs/\(try log(&portal).uuidString)/log"
        #expect(numbers(try portal.api("GET", base + "?before=3")) == [1, 2])
        #expect(numbers(try portal.api("GET", base + "?before=1")) == [])
        #expect(numbers(try portal.api("GET", base + "?before=1000&limit=2")) == [23, 24])
        #expect(numbers(try portal.api("GET", base + "?tail=3&limit=2")) == [23, 24])
    }
}

import FoundationEssentials
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import LocalRegion

/// Faults of what is shown, and the dice of all.
struct FaultTests {
    private let region: BatchFixture

    init() throws { region = try BatchFixture() }

    private func order(_ script: String) throws {
        var connection = try region.connect()
        try Orders(Array(script.utf8)).give(&connection)
    }

    private func listed() throws -> [String] {
        let filters: JSONValue = [["name": "JOB_NAME", "values": ["test*"]]]
        return try region.ask("listjobs", ["jobQueue": "local", "filters": filters])?["jobSummaryList"]?.array?
            .compactMap { $0["jobName"]?.string } ?? []
    }

    private func age(_ job: String, minutes: Int) throws {
        var connection = try region.connect()
        try connection.execute(
            """
            UPDATE jobs SET created_at = created_at - \(minutes) * interval '1 min',
                stopped_at = stopped_at - \(minutes) * interval '1 min' WHERE id = \(UUID(uuidString: job))
            """)
    }

    @Test func aNewJobIsNotListedYet() throws {
        let id = try region.submit()
        try order(#"{"faults": [{"operation": "ListJobs", "kind": "lag", "milliseconds": 60000}]}"#)
        #expect(try listed() == [])
        #expect(try region.describe(id) != .null)
        try age(id, minutes: 2)
        #expect(try listed() == ["test"])
    }

    @Test func describingIsEmptyRightAfterSubmission() throws {
        let id = try region.submit()
        try order(#"{"faults": [{"operation": "DescribeJobs", "kind": "lag", "milliseconds": 60000}]}"#)
        #expect(try region.describe(id) == .null)
        #expect(try listed() == ["test"])
        try age(id, minutes: 2)
        #expect(try region.describe(id)["status"] == "SUBMITTED")
    }

    @Test func jobsVanishAndFinishedOnesAreForgotten() throws {
        let (gone, stays, ended) = (
            try region.submit(name: "test-gone"), try region.submit(name: "test-stays"),
            try region.submit(name: "test-ended")
        )
        try region.ask("canceljob", ["jobId": .string(ended), "reason": "x"])
        try order(
            #"""
            {"faults": [{"kind": "vanish", "matching": "test-gone"}, {"kind": "forget", "milliseconds": 60000}]}
            """#)
        #expect(try region.describe(gone) == .null)
        #expect(try region.describe(ended)["status"] == "FAILED")
        #expect(try listed() == ["test-ended", "test-stays"])
        try age(ended, minutes: 2)
        #expect(try region.describe(ended) == .null)
        #expect(try listed() == ["test-stays"])
        try order(#"{"clear": true}"#)
        #expect(try listed().count == 3)
        #expect(try region.describe(stays) != .null)
    }

    @Test func theLotDecidesByJobAndAlwaysTheSame() throws {
        for number in 0..<60 { _ = try region.submit(name: "test\(number)") }
        try order(#"{"faults": [{"kind": "vanish", "probability": 0.5, "seed": 3}]}"#)
        let first = try listed()
        #expect((15...45).contains(first.count))
        #expect(try listed() == first)
        try order(#"{"clear": true, "faults": [{"kind": "vanish", "probability": 0.5, "seed": 4}]}"#)
        #expect(try listed() != first)
    }

    @Test func oldAnswersShowOldStates() throws {
        try order(#"{"faults": [{"operation": "DescribeJobs", "kind": "stale", "milliseconds": 30000}]}"#)
        let id = try region.submit()
        try region.ask("terminatejob", ["jobId": .string(id), "reason": "over"])
        var connection = try region.connect()
        let old = try BatchService.answer(
            "describejobs", ["jobs": [.string(id)]], region.caller, &connection, age: 30_000)?["jobs"]?[0]
        #expect(old?["status"] == "SUBMITTED")
        #expect(old?["stoppedAt"] == nil)
        #expect(try region.describe(id)["status"] == "FAILED")
        let asked: JSONValue = ["jobQueue": "local", "jobStatus": "SUBMITTED"]
        let list = try BatchService.answer("listjobs", asked, region.caller, &connection, age: 30_000)
        #expect(list?["jobSummaryList"]?.array?.count == 1)
        #expect(try region.ask("listjobs", asked)?["jobSummaryList"] == [])
    }

    private func decisions(_ count: Int) throws -> [String] {
        var connection = try region.connect()
        return try (0..<count).map { number in
            try Fault.take("SubmitJob", #"{"jobName":"n\#(number)"}"#, "r\(number)", &connection)?.kind.rawValue ?? "-"
        }
    }

    @Test func theSameSeedDecidesTheSame() throws {
        let script = #"""
            {"clear": true, "faults": [
                {"operation": "SubmitJob", "kind": "dropAfter", "probability": 0.1, "seed": 7},
                {"operation": "SubmitJob", "kind": "errorAfter", "probability": 0.1, "seed": 8, "times": 5},
                {"operation": "*", "kind": "throttle", "probability": 0.2, "seed": 9},
                {"operation": "SubmitJob", "kind": "hang", "matching": "\"n3\""}]}
            """#
        try order(script)
        let first = try decisions(200)
        try order(script)
        #expect(try decisions(200) == first)
        #expect((8...34).contains(first.filter { $0 == "dropAfter" }.count))
        #expect(first.filter { $0 == "errorAfter" }.count == 5)
        #expect((16...56).contains(first.filter { $0 == "throttle" }.count))
        #expect(first[3] == "hang" && !first.dropFirst(4).contains("hang"))
        try order(script.replacing("\"seed\": 7", with: "\"seed\": 70"))
        #expect(try decisions(200) != first)
        var connection = try region.connect()
        let taken = try Ledger.faultsTaken(&connection)
        #expect(taken.count >= 2 * first.filter { $0 != "-" }.count)
    }

    @Test func aScriptsMistakesAreNamedAllAtOnce() throws {
        let script = #"""
            {"faults": [{"kind": "explode", "probability": 2, "tims": 1}, {"kind": "attempt"}],
             "simulations": [{"name": "", "exitCode": 256, "runningMs": "x"}]}
            """#
        let mistakes = #expect(throws: Orders.Mistakes.self) { try Orders(Array(script.utf8)) }
        let text = mistakes?.description ?? ""
        for part in [
            "/faults/0: kind must be one of delay", "/faults/0: probability", "/faults/0/tims", "/faults/1: simulation",
            "/simulations/0: name", "/simulations/0: exitCode must be 0 to 255", "/simulations/0/runningMs",
        ] { #expect(text.contains(part), "\(part) in \(text)") }
        #expect(throws: Orders.Mistakes.self) { try Orders(Array("[".utf8)) }
        var connection = try region.connect()
        let unknown = try Orders(Array(#"{"faults": [{"kind": "attempt", "simulation": "none"}]}"#.utf8))
        #expect(throws: PostgresError.self) { try unknown.give(&connection) }
    }
}

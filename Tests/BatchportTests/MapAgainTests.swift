import FoundationEssentials
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// A map of another map's list: all of it, or what came to nothing.
struct MapAgainTests {
    private static let map: JSONValue = [
        "jobType": "Array", "code": ["language": "python", "source": "def f(x): return x", "workers": 2],
        "elements": .array((0..<600).map { JSONValue($0) }), "method": ["childJobs": 6],
    ]

    /// Ended, with a value for each element but 3, 299 and the last hundred.
    private func ended(_ portal: inout Portal, isSettled: Bool = true) throws -> UUID {
        let job = try portal.submitted(Self.map)
        func line(_ n: Int) -> String {
            if n >= 500 { return "" }
            return [3, 299].contains(n)
                ? "1!evaluationFailed \"ValueError: \(n)\"" : n % 2 == 0 ? "1=\(n)" : "2~\"\(n)\""
        }
        let chunks = stride(from: 0, to: 600, by: 256).map { first in
            (first..<first + 256).map { $0 < 600 ? line($0) : "" }.joined(separator: "\n")
        }
        try portal.worker([
            """
            UPDATE jobs SET phase = 'sent', provider_job_id = 'aws-' || id, status = 'Failed', status_source = 'poll',
                status_since = now(), stopped_at = now(), settled_at = CASE WHEN \(isSettled) THEN now() END,
                missing_results = CASE WHEN \(isSettled) THEN 102 END,
                child_statuses = '{"Succeeded": 3, "Failed": 3}' WHERE id = \(job)
            """,
            """
            UPDATE uploads SET elements = elements || '{"stored": {}}' WHERE id = (SELECT elements_upload FROM jobs
                WHERE id = \(job))
            """,
            """
            INSERT INTO result_chunks (job, chunk, lines)
            SELECT \(job), n - 1, text FROM unnest(\(chunks)) WITH ORDINALITY AS t (text, n)
            """,
            "UPDATE children SET status = 'Succeeded' WHERE job = \(job)",
            "UPDATE children SET status = 'Failed', exit_code = 1 WHERE job = \(job) AND k IN (0, 2)",
            """
            UPDATE children SET status = 'Failed', exit_code = 137,
                reason = 'OutOfMemoryError: Container killed due to memory usage' WHERE job = \(job) AND k = 5
            """,
        ])
        return job
    }

    private func again(_ job: UUID, _ only: JSONValue = .null) -> JSONValue {
        let rest = (Self.map.members ?? []).filter { $0.name != "elements" }
        return .object(rest + [.init("elements", ["job": .string(job.lower), "only": only])])
    }

    private func upload(_ job: UUID, _ portal: borrowing Portal) throws -> (source: UUID?, count: Int, chosen: [UInt8]?)
    {
        var connection = try portal.database.connect(.superuser)
        let row = try connection.row(
            """
            SELECT source, (u.elements->>'count')::int, chosen FROM uploads u JOIN jobs j ON j.elements_upload = u.id
            WHERE j.id = \(job)
            """
        ) { (try $0.uuidOptional(0), try $0.int(1), try $0.bytesOptional(2)) }
        return try #require(row)
    }

    @Test func onlyWhatHasNoValue() throws {
        var portal = try Portal()
        let first = try ended(&portal)
        let answer = try portal.submit(portal.submission(again(first, "missing")))
        #expect(answer.status == 201 && answer.json["childJobCount"] == 6, "\(answer.text)")
        let second = try #require(answer.json["jobUUID"]?.string.flatMap(UUID.init(uuidString:)))
        let made = try upload(second, portal)
        #expect(made.count == 102 && made.source != nil)
        let chosen = ElementChoice(bytes: try #require(made.chosen))
        #expect((0..<600).filter { chosen[$0] } == [3, 299] + Array(500..<600) && chosen.count == 102)
        let spans = try portal.api("GET", "/jobs/\(second.lower)/children?limit=1").json
        #expect(spans["items"]?[0]?["elements"] == 17)
        let checked = try portal.api("POST", "/jobs?validateOnly=true", portal.submission(again(first, "missing")))
        #expect(checked.json["spans"]?["elements"] == 102)
    }

    @Test func aWholeListIsShared() throws {
        var portal = try Portal()
        let first = try ended(&portal, isSettled: false)
        let answer = try portal.submit(portal.submission(again(first)))
        #expect(answer.status == 201, "\(answer.text)")
        #expect(
            try portal.count(
                "SELECT count(DISTINCT elements_upload) * 10 + count(*) FROM jobs WHERE elements = 600") == 12)
    }

    @Test func whatCannotBeRunAgainIsSaid() throws {
        var portal = try Portal()
        let running = try ended(&portal, isSettled: false)
        func refusal(_ job: UUID, _ only: JSONValue, as person: Portal.Person? = nil) throws -> String? {
            let answer = try portal.submit(portal.submission(again(job, only)), as: person)
            #expect(answer.status == 422 && answer.pointers == ["/elements"], "\(answer.text)")
            return answer.json["errors"]?[0]?["code"]?.string
        }
        #expect(try refusal(running, "missing") == "notSettled")
        #expect(try refusal(UUID(), "missing") == "unknownJob")
        #expect(try refusal(try portal.submitted(), .null) == "unknownJob")
        #expect(try refusal(running, .null, as: portal.stranger) == "unknownJob")
        #expect(try refusal(running, .null, as: portal.admin) == "unknownJob")
        let full = try ended(&portal)
        try portal.owner(
            "UPDATE result_chunks SET lines = regexp_replace(lines, '^(.*)$', '1=0', 'gn') WHERE job = \(full)")
        #expect(try refusal(full, "missing") == "nothingMissing")
        try portal.owner("UPDATE jobs SET bucket = 'another' WHERE id = \(full)")
        #expect(try refusal(full, .null) == "otherBucket")
        try portal.owner("UPDATE uploads SET elements = elements - 'stored'")
        try portal.owner("DELETE FROM upload_chunks")
        #expect(try refusal(running, .null) == "expired")
        #expect(try portal.submit(portal.submission(again(running, "all"))).status == 400)
    }

    @Test func theSubmissionOfAMapCarriesItsList() throws {
        var portal = try Portal()
        let job = try ended(&portal)
        let body = try portal.api("GET", "/jobs/\(job.lower)/submission").json
        #expect(body["elements"] == ["job": .string(job.lower)] && body["method"] == ["childJobs": 6])
        #expect(body["code"]?["function"] == "f" && body["code"]?["workers"] == 2)
        #expect(try portal.submit(body).status == 201)
        let rest = try portal.api("GET", "/jobs/\(job.lower)/submission?only=missing").json
        #expect(rest["elements"] == ["job": .string(job.lower), "only": "missing"])
        #expect(try portal.submit(rest).status == 201)
        #expect(try portal.api("GET", "/jobs/\(job.lower)/submission?only=some").status == 400)
    }

    @Test func thePageOffersIt() throws {
        var portal = try Portal()
        let job = try ended(&portal)
        #expect(try portal.api("GET", "/jobs/\(job.lower)").json["missingResultCount"] == 102)
        for path in ["", "/children"] {
            let page = try portal.page("/jobs/\(job.lower)\(path)").text
            #expect(page.contains("/jobs/new?from=\(job.lower)&amp;elementsOnly=missing"), "\(path)")
            #expect(page.contains("102 elements have no value."), "\(path)")
        }
        let form = try portal.page("/jobs/new?from=\(job.lower)&elementsOnly=missing")
        #expect(form.field("elementsJob") == job.lower && form.field("elementsOnly") == "missing")
        #expect(form.text.contains("102 elements without a value, of"))
        let whole = try portal.page("/jobs/new?from=\(job.lower)")
        #expect(whole.field("elementsJob") == job.lower && whole.field("elementsOnly")?.isEmpty == true)
    }

    @Test func failuresAreGroupedByVerdict() throws {
        var portal = try Portal()
        let job = try ended(&portal)
        let failures = try portal.api("GET", "/jobs/\(job.lower)/children").json["failures"]?.array
        #expect(failures?.map { $0["cause"]?.string } == ["exitCode", "outOfMemory"])
        #expect(failures?.map { $0["count"]?.integer } == [2, 1] && failures?.map { $0["child"]?.integer } == [0, 5])
        for path in ["", "/children"] {
            let page = try portal.page("/jobs/\(job.lower)\(path)").text
            #expect(page.contains("Exit code 1</th>") && page.contains("Out of memory</th>"), "\(path)")
        }
        let list = try portal.page("/jobs").text
        #expect(list.contains("6 of 6 children, 3 failed"))
    }
}

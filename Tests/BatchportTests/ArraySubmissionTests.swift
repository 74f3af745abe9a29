import Batchport
import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import TestSupport
import Testing

/// What an array may be, over the API.
struct ArraySubmissionTests {
    private func array(_ portal: borrowing Portal, _ changes: JSONValue = [:]) -> JSONValue {
        let base: JSONValue = [
            "jobType": "Array", "elements": [1, 2, 3], "code": ["language": "python", "source": "def f(x): return x"],
        ]
        let names = Set((changes.members ?? []).map(\.name))
        let kept = (base.members ?? []).filter { !names.contains($0.name) }
        return portal.submission(.object(kept + (changes.members ?? []).filter { $0.value != .null }))
    }

    @Test func isStoredWithItsChildrenAndListed() throws {
        var portal = try Portal()
        let answer = try portal.submit(
            array(portal, ["elements": .array((0..<10).map { JSONValue($0) }), "method": ["childJobs": 3]]))
        #expect(answer.status == 201, "\(answer.text)")
        #expect(answer.json["jobType"] == "Array" && answer.json["childJobCount"] == 3)
        let id = try #require(answer.json["jobUUID"]?.string)
        let children = try portal.api("GET", "/jobs/\(id)/children").json
        let spans = children["items"]?.array?.map { [$0["firstElement"]?.integer, $0["elements"]?.integer] }
        #expect(spans == [[0, 4], [4, 3], [7, 3]])
        #expect(children["items"]?[0]?["missing"]?["jobStatus"]?["cause"] == "notStarted")
        #expect(try portal.api("GET", "/jobs?type=Array").json["items"]?.array?.count == 1)
        #expect(try portal.api("GET", "/jobs?type=Single").json["items"]?.array?.isEmpty == true)
        #expect(try portal.api("GET", "/jobs/\(id)/log").json["missing"]?["cause"] == "notApplicable")
        #expect(try portal.api("GET", "/jobs/\(id)/properties/JobType").json["value"] == "Array")
        #expect(try portal.api("GET", "/jobs/\(id)/children/2/properties/JobType").json["value"] == "ArrayChild")
        #expect(try portal.api("GET", "/jobs/\(id)/children/3").status == 404)
        #expect(try portal.api("GET", "/jobs/\(id)/children/02").status == 404)
        let results = try portal.api("GET", "/jobs/\(id)/results?limit=4").json
        #expect(results["count"] == 10 && results["nextCursor"] == "4")
        #expect(results["items"]?[0]?["missing"]?["cause"] == "notStarted")
        for page in ["", "/children", "/children/1", "/results", "/children/1/log", "/children/1/abort"] {
            #expect(try portal.page("/jobs/\(id)\(page)").status == 200, "\(page)")
        }
    }

    static let unfit: [(change: JSONValue, pointer: String, limit: Int?)] = [
        (["elements": []], "/elements", nil), (["elements": nil], "/elements", nil),
        (["method": ["childJobs": 0]], "/method/childJobs", 1),
        (
            ["method": ["childJobs": 10_001], "elements": .array(Array(repeating: 1, count: 10_001))],
            "/method/childJobs", 10_000
        ),
        (["method": ["elementsPerChild": 0]], "/method/elementsPerChild", 1),
        (
            ["method": ["elementsPerChild": 1], "elements": .array(Array(repeating: 1, count: 10_001))],
            "/method/elementsPerChild", 10_000
        ),
        (["method": "manual"], "/method", nil), (["method": ["childJobs": 1, "elementsPerChild": 1]], "/method", nil),
        (["elements": [.string(String(repeating: "x", count: 300_000))]], "/elements", 262_144),
        (["elements": ["upload": "00000000-0000-0000-0000-000000000000"]], "/elements", nil),
        (["code": ["language": "python", "source": "x", "function": "f()"]], "/code/function", nil),
        (["code": ["language": "python", "source": "x", "workers": 0]], "/code/workers", 64),
        (["code": ["language": "python", "source": "x", "workers": 65]], "/code/workers", 64),
        (["jobType": "Single"], "/elements", nil),
        (["resultFormat": "inputForm"], "/resultFormat", nil),
    ]

    @Test func refusesWhatDoesNotFitAndStoresNothing() throws {
        var portal = try Portal()
        for (change, pointer, limit) in Self.unfit {
            let answer = try portal.submit(array(portal, change))
            #expect(answer.status == 422, "\(change.text.prefix(80)): \(answer.text.prefix(200))")
            #expect(answer.pointers.contains(pointer), "\(change.text.prefix(80)): \(answer.pointers)")
            let found = answer.json["errors"]?.array?.first { $0["pointer"]?.string == pointer }
            #expect(found?["limit"]?.integer == limit, "\(change.text.prefix(80))")
        }
        #expect(try portal.submit(array(portal, ["elements": "1,2"])).status == 400)
        #expect(try portal.submit(array(portal, ["elements": ["upload": "x"]])).status == 400)
        #expect(
            try portal.count(
                "SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM uploads) + (SELECT count(*) FROM children)")
                == 0)
    }

    @Test func spansAreSeenBefore() throws {
        var portal = try Portal()
        let body = array(portal, ["method": ["elementsPerChild": 2]])
        let answer = try portal.api("POST", "/jobs?validateOnly=true", body).json
        #expect(answer["valid"] == true && answer["spans"]?["childJobCount"] == 2 && answer["spans"]?["elements"] == 3)
        #expect(answer["spans"]?["children"]?[1] == ["child": 1, "elements": 1, "firstElement": 2])
        #expect(try portal.count("SELECT count(*) FROM jobs") == 0)
    }

    @Test func anUploadIsReadWhileItComes() throws {
        var portal = try Portal()
        func upload(_ text: String) throws -> String {
            let size = JSONValue(text.utf8.count)
            let made = try portal.api("POST", "/uploads", ["environment": "local", "name": "list", "size": size]).json
            let id = try #require(made["id"]?.string)
            let sent = try portal.send(
                "PUT", "/api/v1/uploads/\(id)/content", [("authorization", "Bearer " + portal.member.token)],
                body: Array(text.utf8))
            #expect(sent.status == 200)
            return id
        }
        let good = try upload("[1,\n 2, {\"a\": [3]}]")
        let answer = try portal.submit(array(portal, ["elements": ["upload": .string(good)]]))
        #expect(answer.status == 201 && answer.json["childJobCount"] == 3, "\(answer.text)")
        #expect(try portal.submit(array(portal, ["elements": ["upload": .string(good)]])).pointers == ["/elements"])
        let bad = try upload("1\n{\"a\" 2}\n")
        let refused = try portal.submit(array(portal, ["elements": ["upload": .string(bad)]]))
        #expect(refused.status == 422)
        #expect(
            refused.json["errors"]?[0]?["message"]
                == "The elements, at line 2, column 6, has something JSON does not allow.")
    }

    @Test func aValueThatLooksLikeAMissingEntryIsAValue() throws {
        var portal = try Portal()
        let id = try #require(
            try portal.submit(array(portal, ["method": ["childJobs": 1]])).json["jobUUID"]?.string)
        let job = try #require(UUID(uuidString: id))
        let lines = [#"1={"missing":{"cause":"failed"}}"#, #"1!evaluationFailed "ValueError: no""#, ""]
        try portal.worker([
            """
            UPDATE jobs SET phase = 'sent', provider_job_id = 'aws', status = 'Failed', status_source = 'poll',
                status_since = now() WHERE id = \(job)
            """,
            "UPDATE children SET status = 'Failed', reason = 'OutOfMemoryError: Container killed' WHERE job = \(job)",
            "INSERT INTO result_chunks (job, chunk, lines) VALUES (\(job), 0, \(lines.joined(separator: "\n")))",
        ])
        let items = try portal.api("GET", "/jobs/\(id)/results").json["items"]
        #expect(items?[0]?["value"] == ["missing": ["cause": "failed"]] && items?[0]?["missing"] == nil)
        #expect(items?[1]?["missing"] == ["cause": "evaluationFailed", "child": 0, "detail": "ValueError: no"])
        #expect(items?[2]?["missing"]?["cause"] == "failed")
        #expect(items?[2]?["missing"]?["detail"] == "Child 0: OutOfMemoryError: Container killed")
        let page = try portal.page("/jobs/\(id)/results").text
        #expect(page.contains("evaluationFailed") && page.contains("ValueError: no"))
    }

    /// Values of a megabyte, sixty in one row: no page holds more than some of them, and none is left out.
    @Test func longResultsAreReadPageByPage() throws {
        var portal = try Portal()
        let (count, length) = (60, 1_000_000)
        let body: JSONValue = ["elements": .array(Array(repeating: 1, count: count)), "method": ["childJobs": 1]]
        let id = try #require(try portal.submit(array(portal, body)).json["jobUUID"]?.string)
        try portal.worker([
            """
            INSERT INTO result_chunks (job, chunk, lines)
            SELECT \(UUID(uuidString: id)), 0, string_agg('1="' || rpad(n || ' ', \(length)::int, 'x') || '"', E'\\n' ORDER BY n)
            FROM generate_series(0, \(count - 1)::int) n
            """
        ])
        var (read, next) = ([String](), "/jobs/\(id)/results?limit=1")
        let one = try portal.api("GET", next)
        #expect(one.json["items"]?.array?.count == 1 && one.bytes.count < length + 10_000)
        next = "/jobs/\(id)/results?limit=50"
        while true {
            let page = try portal.api("GET", next)
            #expect(page.status == 200 && page.bytes.count < 10 << 20)
            read +=
                page.json["items"]?.array?.compactMap { $0["value"]?.string.map { String($0.prefix { $0 != " " }) } }
                ?? []
            guard let cursor = page.json["nextCursor"]?.string else { break }
            next = "/jobs/\(id)/results?limit=50&cursor=\(cursor)"
        }
        #expect(read == (0..<count).map { String($0) })
    }

    @Test func aFailedArraySaysHowManyFailed() throws {
        var portal = try Portal()
        let answer = try portal.submit(array(portal, ["elements": [1, 2, 3], "method": ["childJobs": 3]]))
        let id = try #require(answer.json["jobUUID"]?.string)
        try portal.worker([
            """
            UPDATE jobs SET phase = 'sent', provider_job_id = 'aws', status = 'Failed', status_source = 'poll',
                status_reason = 'Array Child Job failed', status_since = now(), stopped_at = now(),
                child_statuses = '{"Succeeded": 2, "Failed": 1}' WHERE id = \(UUID(uuidString: id))
            """
        ])
        #expect(try portal.api("GET", "/jobs/\(id)").json["verdict"]?["text"] == "1 of 3 children failed.")
        #expect(try portal.page("/jobs/\(id)").text.contains("1 of 3 children failed."))
    }

    @Test func oneChildIsAbortedByItself() throws {
        var portal = try Portal()
        let id = try #require(try portal.submit(array(portal)).json["jobUUID"]?.string)
        let answer = try portal.api("POST", "/jobs/\(id)/children/1/abort", ["reason": "wrong input"])
        #expect(answer.status == 202 && answer.json["stop"]?["requestedAt"] != .null)
        #expect(try portal.api("POST", "/jobs/\(id)/children/1/abort", [:]).status == 202)
        #expect(try portal.api("POST", "/jobs/\(id)/children/0/abort", ["reason": "a\nb"]).status == 422)
        #expect(try portal.count("SELECT count(*) FROM tasks WHERE kind = 'stopChild'") == 1)
        #expect(try portal.count("SELECT count(*) FROM children WHERE stop_requested_at IS NOT NULL") == 1)
        #expect(try portal.count("SELECT count(*) FROM jobs WHERE stop_requested_at IS NOT NULL") == 0)
    }

    @Test func nobodyElseSeesIt() throws {
        var portal = try Portal()
        let id = try #require(try portal.submit(array(portal)).json["jobUUID"]?.string)
        for path in ["/children", "/children/0", "/results", "/children/0/results", "/children/0/properties/JobType"] {
            #expect(try portal.page("/jobs/\(id)\(path)", as: portal.stranger).status == 404)
        }
        var web = try portal.database.connect(.web)
        web.identity = portal.stranger.session
        #expect(try web.rows("SELECT FROM children") { _ in 0 }.isEmpty)
        #expect(try web.execute("UPDATE children SET stop_requested_at = now()") == 0)
    }
}

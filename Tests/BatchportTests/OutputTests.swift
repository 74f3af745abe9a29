import Batchport
import Cryptography
import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import Processes
import TestSupport
import Testing

/// Outputs, results, logs and the worker's answers to whoever waits for an address.
struct OutputTests {
    /// Answers questions as the worker does, until it has seen so many; the rows are the contract (007_links.sql).
    private func answering(_ portal: borrowing Portal, count: Int, _ failure: String? = nil) throws -> Thread {
        let database = portal.database
        return try Thread.start(name: "worker") {
            do {
                var worker = try database.connect(.worker)
                try worker.listen("tasks")
                var seen = 0
                while seen < count {
                    _ = try worker.waitForNotification(milliseconds: 100)
                    let answered = try worker.rows(
                        """
                        UPDATE links SET failure = \(failure), answer = CASE WHEN \(failure)::text IS NULL THEN
                            jsonb_build_object('url', 'https://bucket.test/' || path, 'expiresAt', '2026-11-22T10:51:33Z',
                                'size', 8, 'sha256', NULL) END
                        WHERE answer IS NULL AND failure IS NULL RETURNING id
                        """
                    ) { try $0.uuid(0) }
                    for id in answered { try worker.execute("SELECT pg_notify('links', \(id.uuidString))") }
                    seen += answered.count
                }
            } catch {
                Issue.record(error)
            }
        }
    }

    @Test func leadsToTheBucketAndForgetsTheAddress() throws {
        var portal = try Portal()
        let job = try portal.submitted()
        try portal.addOutput(job, "a b/ü%.csv")
        let worker = try answering(portal, count: 3)
        let path = "/jobs/\(job.uuidString)/outputs/a%20b/%C3%BC%25.csv"
        let page = try portal.page(path)
        #expect(page.status == 302 && page.headers.first("location") == "https://bucket.test/a b/ü%.csv")
        #expect(
            page.headers.first("cache-control") == "no-store" && page.headers.first("referrer-policy") == "no-referrer")
        #expect(try portal.api("GET", path).status == 302)
        let json = try portal.api("GET", path, as: portal.member, [("accept", "application/json")])
        #expect(json.status == 200 && json.json["url"]?.string == "https://bucket.test/a b/ü%.csv")
        worker.join()
        #expect(try portal.count("SELECT count(*) FROM links") == 0)
        #expect(try portal.page("/jobs/\(job.uuidString)/outputs/nothing").status == 404)
        #expect(try portal.page("/jobs/\(job.uuidString)/preview/a%20b/%C3%BC%25.csv").status == 404)
    }

    @Test func manyLinksInOrder() throws {
        var portal = try Portal()
        let job = try portal.submitted()
        for n in 0..<20 { try portal.addOutput(job, "\(n).txt") }
        let worker = try answering(portal, count: 20)
        let paths = (0..<20).reversed().map { "\($0).txt" } + ["none.txt"]
        let answer = try portal.api("POST", "/jobs/\(job.uuidString)/output-links", ["paths": JSONValue(paths)])
        worker.join()
        let items = answer.json["items"]?.array ?? []
        #expect(items.prefix(20).map { $0["url"]?.string } == paths.prefix(20).map { "https://bucket.test/" + $0 })
        #expect(items.last?["missing"]?["cause"]?.string == "notFound")
        #expect(try portal.api("POST", "/jobs/\(job.uuidString)/output-links", ["paths": []]).status == 422)
        #expect(try portal.api("POST", "/jobs/\(job.uuidString)/output-links", ["path": "x"]).status == 400)
    }

    @Test(arguments: [
        ("gone", 410), ("notFound", 404), ("held", 409), ("refused", 502), ("unreachable", 503), ("notReady", 503),
    ])
    func saysWhyThereIsNoAddress(word: String, status: Int) throws {
        var portal = try Portal()
        let job = try portal.submitted()
        try portal.addOutput(job)
        let worker = try answering(portal, count: 1, word)
        let answer = try portal.api("GET", "/jobs/\(job.uuidString)/outputs/x.csv")
        worker.join()
        #expect(answer.status == status)
        #expect((answer.json["type"]?.string == "/problems/results-not-ready") == (word == "notReady"))
        if status == 503 { #expect(answer.headers.first("retry-after") != nil) }
    }

    @Test func aSilentWorkerIsNotWaitedForLong() throws {
        var portal = try Portal(threads: 2)
        let job = try portal.submitted()
        try portal.addOutput(job)
        let answer = try portal.api("GET", "/jobs/\(job.uuidString)/outputs/x.csv")
        #expect(answer.status == 503 && answer.headers.first("retry-after") != nil)
        // Half the threads may wait; the others find the turnstile closed at once.
        let waiting = portal.site.waiting
        let refused = try waiting.pass { try portal.api("GET", "/jobs/\(job.uuidString)/outputs/x.csv") }
        #expect(refused.json["type"]?.string == "/problems/busy")
        #expect(try portal.count("SELECT count(*) FROM links") == 0)
    }

    @Test func listsInPages() throws {
        var portal = try Portal()
        let job = try portal.submitted()
        for n in 0..<5 { try portal.addOutput(job, "f\(n).txt") }
        var seen: [String] = []
        var cursor: String?
        repeat {
            let answer = try portal.api(
                "GET", "/jobs/\(job.uuidString)/outputs?limit=2" + (cursor.map { "&cursor=" + $0 } ?? ""))
            seen += (answer.json["items"]?.array ?? []).compactMap { $0["path"]?.string }
            cursor = answer.json["nextCursor"]?.string
        } while cursor != nil
        #expect(seen == (0..<5).map { "f\($0).txt" })
        #expect(try portal.api("GET", "/jobs/\(job.uuidString)/outputs?cursor=zz").status == 400)
    }

    @Test func aResultIsAValueOrSaysWhyNot() throws {
        var portal = try Portal()
        let job = try portal.submitted()
        let path = "/jobs/\(job.uuidString)/result"
        #expect(try portal.api("GET", path).json["missing"]?["cause"]?.string == "notStarted")
        try portal.worker(["INSERT INTO results (job, value) VALUES (\(job), \(Array(#"{"a":[1,2.50,null]}"#.utf8)))"])
        #expect(try portal.api("GET", path).text == #"{"format":"json","value":{"a":[1,2.50,null]}}"#)
        try portal.worker([
            "UPDATE results SET value = NULL, missing_cause = 'tooLarge', missing_detail = 'It has 9 GiB.'"
        ])
        let missing = try portal.api("GET", path)
        #expect(missing.status == 200 && missing.json["missing"]?["cause"]?.string == "tooLarge")
    }

    @Test func previewsStandOnThePage() throws {
        var portal = try Portal()
        let job = try portal.submitted()
        try portal.addOutput(job, "t.csv", preview: "month,mean\n2012-01,\"1,5\"\n2012-02,\"say \"\"hi\"\"\"\n")
        try portal.addOutput(job, "plot.svg", type: "image/svg+xml", preview: nil)
        try portal.addOutput(job, "gone.png", type: "image/png", preview: nil)
        try portal.worker(["UPDATE outputs SET gone_at = now() WHERE path = 'gone.png'"])
        let page = try portal.page("/jobs/\(job.uuidString)")
        #expect(page.text.contains("<th scope=\"row\">2012-01</th><td>1,5</td>"))
        #expect(page.text.contains("<td>say &quot;hi&quot;</td>"))
        let id = job.uuidString.lowercased()
        #expect(page.text.contains("src=\"/jobs/\(id)/preview/plot.svg\""))
        #expect(!page.text.contains("preview/gone.png") && page.text.contains("No longer in the bucket"))
        #expect(
            page.headers.first("content-security-policy")?.contains("img-src 'self' data: http://127.0.0.2:8080;")
                == true)
        #expect(
            try portal.page("/jobs").headers.first("content-security-policy")?.contains("img-src 'self' data:;") == true
        )
    }
}

/// The log over API and page.
struct LogTests {
    private func log(_ portal: inout Portal, lines: Int) throws -> UUID {
        let job = try portal.submitted()
        try portal.worker([
            "INSERT INTO logs (job, attempt, stream, lines, complete) VALUES (\(job), 1, 's', \(lines)::int, true)"
        ])
        for first in stride(from: 1, through: lines, by: 1000) {
            let numbers = Array(first...min(lines, first + 999))
            let text = numbers.map { "line \($0)" }.joined(separator: "\n")
            try portal.worker([
                """
                INSERT INTO log_chunks VALUES (\(job), 1, \(first)::int, \(numbers.count)::int, \(numbers), \(text))
                """
            ])
        }
        return job
    }

    @Test func readsByPlaceTailAndWord() throws {
        var portal = try Portal()
        let job = try log(&portal, lines: 2500)
        let base = "/jobs/\(job.uuidString)/log"
        func numbers(_ query: String, _ portal: inout Portal) throws -> [Int] {
            (try portal.api("GET", base + query).json["lines"]?.array ?? []).compactMap { $0["n"]?.integer }
        }
        #expect(try numbers("?limit=3", &portal) == [1, 2, 3])
        #expect(try numbers("?after=999&limit=3", &portal) == [1000, 1001, 1002])
        #expect(try numbers("?tail=2", &portal) == [2499, 2500])
        #expect(try numbers("?before=1002&limit=2", &portal) == [1000, 1001])
        let found = try portal.api("GET", base + "?q=LINE%20250&limit=1").json
        #expect(found["matches"]?["total"]?.integer == 2)
        #expect(found["total"]?.integer == 2500 && found["complete"]?.bool == true)
        let tag = try #require(try portal.api("GET", base).headers.first("etag"))
        #expect(try portal.api("GET", base, as: portal.member, [("if-none-match", tag)]).status == 304)
        try portal.worker(["UPDATE logs SET complete = false WHERE job = \(job)"])
        #expect(try portal.api("GET", base, as: portal.member, [("if-none-match", tag)]).status == 200)
        let raw = try portal.api("GET", base, as: portal.member, [("accept", "text/plain")])
        #expect(raw.text == (1...2500).map { "line \($0)\n" }.joined())
        let page = try portal.page(base + "?line=1200").text
        #expect(
            page.contains("id=\"L1200\" class=\"here\"") && page.contains("id=\"L1150\"") && !page.contains("id=\"L1\"")
        )
        for bad in ["?limit=0", "?after=-1", "?tail=x", "?attempt=0"] {
            #expect(try portal.api("GET", base + bad).status == 400)
        }
    }

    @Test func aMissingOneSaysWhy() throws {
        var portal = try Portal()
        let job = try portal.submitted()
        #expect(try portal.api("GET", "/jobs/\(job.uuidString)/log").json["missing"]?["cause"]?.string == "notStarted")
        #expect(try portal.page("/jobs/\(job.uuidString)/log").text.contains("the job has not started."))
    }
}

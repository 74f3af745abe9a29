import Batchport
import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import TestSupport
import Testing

/// Every answer carries the same protection, and what is not there says so in its own kind.
struct AnswerTests {
    @Test func everyAnswerIsProtected() throws {
        var portal = try Portal()
        let asks: [(String, String, Int)] = [
            ("GET", "/sign-in", 200), ("GET", "/nothing", 404), ("POST", "/nothing", 404), ("DELETE", "/jobs", 405),
            ("GET", "/jobs?a=%zz", 400), ("GET", "/jobs?a=1&a=2", 400), ("GET", "/jobs/%2e%2e/x", 400),
            ("GET", "/jobs//new", 400),
            ("GET", "/healthz", 200), ("GET", "/readyz", 200), ("GET", "/api/v1/nothing", 404),
            ("PATCH", "/api/v1/me", 405),
            ("GET", "/", 303), ("HEAD", "/sign-in", 200),
        ]
        for (method, path, status) in asks {
            let answer: Answer
            do {
                answer = try portal.send(method, path)
            } catch let error as RequestError {
                #expect(error.status == status)
                continue
            }
            #expect(answer.status == status, "\(method) \(path): \(answer.status)")
            for name in [
                "content-security-policy", "x-content-type-options", "referrer-policy", "cross-origin-opener-policy",
                "cross-origin-resource-policy", "cache-control", "x-request-id",
            ] { #expect(answer.headers.all(name).count == 1, "\(path) \(name)") }
            #expect(answer.headers.first("strict-transport-security") == nil)
            if path.hasPrefix("/api/") { #expect(answer.headers.first("content-type") == "application/problem+json") }
            if status == 405 { #expect(answer.headers.first("allow")?.contains("GET") == true) }
            if method == "HEAD" {
                let whole = try portal.send("GET", path, [])
                #expect(answer.bytes.isEmpty && answer.headers.first("content-length") == String(whole.bytes.count))
            }
        }
        #expect(try portal.send("GET", "/jobs", [("host", "evil.test")]).status == 421)
        #expect(try portal.send("GET", "/jobs", [("cookie", "a=1; a=2")]).status == 400)
        #expect(try portal.send("GET", "/jobs", [("cookie", "a=1"), ("cookie", "b=2")]).status == 400)
    }

    /// The database goes away under an open connection, stays away, and is back.
    @Test func aDatabaseThatIsAway() throws {
        var portal = try Portal()
        #expect(try portal.api("GET", "/me").status == 200)
        func end(_ portal: borrowing Portal) throws -> Int {
            try portal.count(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = \(portal.database.name) AND pid <> pg_backend_pid()"
            )
        }
        #expect(try end(portal) > 0)
        // Cut while idle: noticed and mended within the request, for reading and for submitting.
        #expect(try portal.api("GET", "/me").status == 200)
        #expect(try end(portal) > 0)
        #expect(try portal.submit(portal.submission()).status == 201)
        var superuser = try portal.database.connect(.superuser)
        try superuser.execute("ALTER DATABASE \(identifier: portal.database.name) CONNECTION LIMIT 0")
        try superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = \(portal.database.name) AND usename = 'batchport_web'"
        )
        let answer = try portal.api("GET", "/me")
        #expect(answer.status == 503 && answer.headers.first("retry-after") != nil)
        #expect(answer.headers.first("content-type") == "application/problem+json")
        #expect(try portal.page("/jobs").status == 503)
        try superuser.execute("ALTER DATABASE \(identifier: portal.database.name) CONNECTION LIMIT -1")
        #expect(try portal.api("GET", "/me").status == 200)
    }
}

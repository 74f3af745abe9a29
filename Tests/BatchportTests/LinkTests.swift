import AWS
import Cryptography
import FoundationEssentials
import HTTP
import HTTPClient
import JSON
import PostgreSQL
import Tasks
import TestSupport
import Testing

@testable import Batchport

struct LinkTests {
    private let fixture: WorkerFixture

    init() throws { fixture = try WorkerFixture() }

    private func put(_ text: String, _ key: String) throws {
        var bench = try fixture.bench()
        try bench.aws.put(
            Array(text.utf8), bucket: WorkerFixture.bucket, key: key, by: fixture.key, in: WorkerFixture.regionName)
    }

    /// A job with one output, there or not.
    private func job(output path: String, type: String, _ text: String, isThere: Bool = true) throws -> UUID {
        let id = try fixture.insert()
        if isThere { try put(text, "p/jobs/\(id.lower)/\(path)") }
        try fixture.change(
            """
            INSERT INTO outputs (job, path, attempt, key, size, sha256, content_type)
            VALUES (\(id), \(path), 1, \("p/jobs/\(id.lower)/\(path)"), \(text.utf8.count), \(sha256(Array(text.utf8))),
                \(type))
            """)
        return id
    }

    private struct Answer {
        let answer: JSONValue?
        let failure: String?
    }

    private func ask(
        kind: String = "download", person: UUID? = nil, job: UUID? = nil, path: String? = nil, upload: UUID? = nil
    ) throws -> Answer? {
        let id = UUID()
        try fixture.change(
            """
            INSERT INTO links (id, person, kind, job, path, upload)
            VALUES (\(id), \(person ?? fixture.person), \(kind), \(job), \(path), \(upload))
            """)
        var listener = try fixture.database.connect(.worker)
        try listener.listen("links")
        var bench = try fixture.bench()
        #expect(try fixture.run(PresignTask.kind, ["link": .string(id.lower)], at: &bench) == "done")
        #expect(try listener.waitForNotification(milliseconds: 5000)?.payload == id.lower)
        return try fixture.ask("SELECT answer, failure FROM links WHERE id = \(id)") { row in
            Answer(
                answer: try row.jsonOptional("answer").map { try JSONValue.parse($0.bytes) },
                failure: try row.textOptional("failure"))
        }
    }

    private func fetch(_ answer: Answer?) throws -> HTTPClient.Response {
        var client = HTTPClient(fixture.configuration.http)
        return try client.send(.init(url: try #require(answer?.answer?["url"]?.string)))
    }

    @Test(arguments: [
        ("plot 1.svg", "image/svg+xml", "image/svg+xml"), ("sub/größe.html", "text/html", "application/octet-stream"),
    ])
    func aLinkGivesTheBytesToSave(path: String, type: String, signed: String) throws {
        let id = try job(output: path, type: type, "<svg/>")
        let answer = try ask(job: id, path: path)
        #expect(answer?.answer?["size"]?.integer == 6)
        #expect(answer?.answer?["sha256"]?.string == hex(sha256(Array("<svg/>".utf8))))
        #expect(answer?.answer?["expiresAt"]?.string.flatMap(Instant.init(rfc3339:)) != nil)
        let response = try fetch(answer)
        #expect(response.status == 200)
        #expect(response.body == Array("<svg/>".utf8))
        #expect(response.headers.first("content-type") == signed)
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        #expect(response.headers.first("content-disposition") == attachment(named: name))
        #expect(
            try fixture.count(
                "SELECT count(*) FROM audit WHERE action = 'link.issued' AND detail->>'path' = \(path)") == 1)
    }

    @Test func aLinkThatWasEditedIsNone() throws {
        let id = try job(output: "a.txt", type: "text/html", "text")
        let url = try #require(try ask(job: id, path: "a.txt")?.answer?["url"]?.string)
        var client = HTTPClient(fixture.configuration.http)
        let edited = url.replacing(
            "response-content-type=application%2Foctet-stream", with: "response-content-type=text%2Fhtml")
        #expect(edited != url)
        #expect(try client.send(.init(url: edited)).status == 403)
    }

    @Test func whatIsGoneIsRemembered() throws {
        let id = try job(output: "a.txt", type: "text/plain", "text", isThere: false)
        #expect(try ask(job: id, path: "a.txt")?.failure == "gone")
        #expect(try fixture.count("SELECT count(*) FROM outputs WHERE gone_at IS NOT NULL") == 1)
    }

    @Test func manyLinksOfAJobAreAnsweredTogether() throws {
        let id = try fixture.insert()
        let paths = (0..<20).map { "a\($0)" }
        for path in paths {
            if path != "a7" { try put(path, "p/jobs/\(id.lower)/\(path)") }
            try fixture.change(
                """
                INSERT INTO outputs (job, path, attempt, key, size, content_type)
                VALUES (\(id), \(path), 1, \("p/jobs/\(id.lower)/\(path)"), \(path.utf8.count), 'text/plain')
                """)
        }
        try fixture.change(
            """
            INSERT INTO links (person, kind, job, path)
            SELECT \(fixture.person), 'download', \(id), path FROM unnest(\(paths + ["none"])) AS path
            """)
        try fixture.change(
            """
            SELECT enqueue_task('presign', jsonb_build_object('link', id), 'interactive', NULL, 'presign/' || id, 3)
            FROM links
            """)
        var bench = try fixture.bench()
        #expect(try fixture.runDue(PresignTask.kind, at: &bench) == "done")
        #expect(try fixture.runDue(PresignTask.kind, at: &bench) == "none")
        #expect(try fixture.count("SELECT count(*) FROM links WHERE answer->>'url' LIKE '%X-Amz-Signature=%'") == 19)
        #expect(try fixture.ask("SELECT path FROM links WHERE failure = 'gone'") { try $0.text(0) } == "a7")
        #expect(try fixture.ask("SELECT path FROM links WHERE failure = 'notFound'") { try $0.text(0) } == "none")
        #expect(try fixture.count("SELECT count(*) FROM audit WHERE action = 'link.issued'") == 20)
        #expect(try fixture.count("SELECT count(*) FROM audit WHERE action = 'credential.used'") == 1)
    }

    @Test func onlyWhoMaySeeTheJobGetsALink() throws {
        let id = try job(output: "a.txt", type: "text/plain", "text")
        let (stranger, admin) = (UUID(), UUID())
        try fixture.change(
            """
            INSERT INTO people (id, email, name, role, password)
            VALUES (\(stranger), 'eve@example.org', 'Eve', 'member', ''), (\(admin), 'bob@example.org', 'Bob', 'admin', '')
            """)
        #expect(try ask(person: stranger, job: id, path: "a.txt")?.failure == "notFound")
        #expect(try ask(person: admin, job: id, path: "a.txt")?.answer != nil)
        #expect(try ask(job: id, path: "b.txt")?.failure == "notFound")
        try fixture.change("UPDATE people SET disabled_at = now() WHERE id = \(admin)")
        #expect(try ask(person: admin, job: id, path: "a.txt")?.failure == "notFound")
    }

    @Test func anUploadGoesStraightToTheBucket() throws {
        let (upload, bytes) = (UUID(), Array("0123456789".utf8))
        try fixture.change(
            """
            INSERT INTO uploads (id, owner, environment, name, size, sha256, state, is_direct)
            VALUES (\(upload), \(fixture.person), \(fixture.environment), 'f', 10, \(sha256(bytes)), 'open', true)
            """)
        var bench = try fixture.bench()
        func state() throws -> String? {
            try fixture.run(UploadCheck.kind, ["upload": .string(upload.lower)], at: &bench)
            try fixture.runDue(UploadReading.kind, at: &bench)
            return try fixture.ask("SELECT state FROM uploads") { try $0.text(0) }
        }
        let form = try #require(try ask(kind: "uploadForm", upload: upload)?.answer)
        #expect(try state() == "open")
        #expect(try post(form, Array("too long by far".utf8)) >= 400)
        #expect(try state() == "open")
        // Of the right size, but another file: taken away again, and said.
        #expect(try post(form, Array("9876543210".utf8)) == 204)
        #expect(try state() == "open")
        #expect(
            try fixture.ask("SELECT trouble FROM uploads") { try $0.textOptional(0) }??.contains(
                "not the one announced") == true)
        #expect(try fixture.askRegion("SELECT count(*) FROM objects") { try $0.int(0) } == 0)
        #expect(try post(form, bytes) == 204)
        #expect(try state() == "complete")
        #expect(try fixture.ask("SELECT key FROM uploads") { try $0.text(0) } == "p/uploads/\(upload.lower)")

        try fixture.change("UPDATE uploads SET expires_at = now() - interval '1 s'")
        try bench.database.removeExpiredUploads()
        #expect(try fixture.runDue(UploadRemoval.kind, at: &bench) == "done")
        #expect(try fixture.count("SELECT count(*) FROM uploads") == 0)
        #expect(try fixture.askRegion("SELECT count(*) FROM objects") { try $0.int(0) } == 0)
    }

    /// Announced on a page, where nobody knows its size: found out by reading it, as is its SHA-256.
    @Test func aFileOfUnknownSizeIsMeasured() throws {
        let upload = UUID()
        try fixture.change(
            """
            INSERT INTO uploads (id, owner, environment, name, state, is_direct)
            VALUES (\(upload), \(fixture.person), \(fixture.environment), 'f', 'open', true)
            """)
        try fixture.change("UPDATE environments SET max_upload_bytes = 20")
        let form = try #require(try ask(kind: "uploadForm", upload: upload)?.answer)
        #expect(try post(form, [UInt8](repeating: 1, count: 21)) >= 400)
        #expect(try post(form, []) >= 400)
        #expect(try post(form, Array("abc".utf8)) == 204)
        var bench = try fixture.bench()
        try fixture.run(UploadCheck.kind, ["upload": .string(upload.lower)], at: &bench)
        #expect(try fixture.runDue(UploadReading.kind, at: &bench) == "done")
        let digest = sha256(Array("abc".utf8))
        #expect(
            try fixture.count(
                "SELECT count(*) FROM uploads WHERE state = 'complete' AND size = 3 AND sha256 = \(digest)") == 1)
    }

    private func post(_ form: JSONValue, _ file: [UInt8]) throws -> Int {
        var body: [UInt8] = []
        for field in form["fields"]?.members ?? [] {
            body += Array(
                "--b\r\nContent-Disposition: form-data; name=\"\(field.name)\"\r\n\r\n\(field.value.string ?? "")\r\n"
                    .utf8)
        }
        body += Array("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n".utf8) + file
        body += Array("\r\n--b--\r\n".utf8)
        var client = HTTPClient(fixture.configuration.http)
        let request = HTTPClient.Request(
            method: "POST", url: try #require(form["url"]?.string),
            headers: [("content-type", "multipart/form-data; boundary=b")], body: .bytes(body))
        return try client.send(request).status
    }
}

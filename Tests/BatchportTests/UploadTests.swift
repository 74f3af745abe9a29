import Batchport
import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import TestSupport
import Testing

/// Files for later submissions, over the API.
struct UploadTests {
    private func announce(_ portal: inout Portal, size: Int, sha256: String? = nil) throws -> Answer {
        var body: [JSONValue.Member] = [
            .init("environment", "local"), .init("name", "a.bin"), .init("size", JSONValue(size)),
        ]
        if let sha256 { body.append(.init("sha256", .string(sha256))) }
        return try portal.api("POST", "/uploads", .object(body))
    }

    private func put(_ id: String, _ bytes: [UInt8], _ portal: inout Portal, as person: Portal.Person? = nil) throws
        -> Answer
    {
        try portal.send(
            "PUT", "/api/v1/uploads/\(id)/content", [("authorization", "Bearer " + (person ?? portal.member).token)],
            body: bytes)
    }

    @Test func takesExactlyWhatWasAnnounced() throws {
        var portal = try Portal()
        let hash = "9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0"  // of "aaa"
        let answer = try announce(&portal, size: 3, sha256: hash)
        #expect(answer.status == 201)
        let id = try #require(answer.json["id"]?.string)
        #expect(try put(id, Array("bbb".utf8), &portal).status == 422)
        #expect(try put(id, Array("aaaa".utf8), &portal).status == 413)
        #expect(try portal.api("GET", "/uploads/\(id)").json["state"]?.string == "open")
        #expect(try put(id, Array("aaa".utf8), &portal, as: portal.stranger).status == 404)
        #expect(try put(id, Array("aaa".utf8), &portal).json["state"]?.string == "complete")
        #expect(try put(id, Array("aaa".utf8), &portal).status == 409)
        #expect(try portal.api("GET", "/uploads/\(id)", as: portal.stranger).status == 404)
        let use: JSONValue = ["inputFiles": ["x": ["upload": .string(id)]]]
        #expect(try portal.submit(portal.submission(use), as: portal.stranger).status == 422)
        #expect(try portal.submit(portal.submission(use)).status == 201)
        // A file is shared by the jobs that name it.
        #expect(try portal.submit(portal.submission(use)).status == 201)
        #expect(try portal.count("SELECT count(*) FROM uploads") == 1)
    }

    @Test func aBodyThatBreaksOffIsNotThere() throws {
        var portal = try Portal()
        let id = try #require(announce(&portal, size: 2_000_000).json["id"]?.string)
        let request = try Request(
            method: "PUT", target: "/api/v1/uploads/\(id)/content",
            headers: Headers([("host", "portal.test"), ("authorization", "Bearer " + portal.member.token)]),
            contentLength: 2_000_000)
        var left = 1_200_000
        var body = RequestBody(length: 2_000_000) { most in
            if left == 0 { throw BodyError.truncated }
            let count = min(most, left)
            left -= count
            return [UInt8](repeating: 1, count: count)
        }
        #expect(Answer(Answering.answer(request, &body, &portal.scope)).status == 400)
        #expect(try portal.count("SELECT count(*) FROM upload_chunks") == 0)
        #expect(try put(id, [UInt8](repeating: 1, count: 2_000_000), &portal).status == 200)
        #expect(try portal.count("SELECT count(*) FROM upload_chunks") == 2)
    }

    @Test func refusesWhatDoesNotFit() throws {
        var portal = try Portal()
        let unfit: [(JSONValue, Int)] = [
            (["environment": "local", "name": "a"], 422), (["environment": "local", "name": "a", "size": -1], 422),
            (["environment": "local", "name": "a/b", "size": 1], 422),
            (["environment": "x", "name": "a", "size": 1], 422),
            (["environment": "local", "name": "a", "size": 1, "sha256": "zz"], 422),
            (["environment": "local", "name": "a", "size": 6_000_000_000], 422),
            (["environment": "local", "name": "a", "size": "1"], 400),
            (["environment": "local", "name": "a", "size": 1, "x": 1], 400),
        ]
        for (body, status) in unfit {
            let answer = try portal.api("POST", "/uploads", body)
            #expect(answer.status == status, "\(body.text)")
        }
        #expect(try portal.count("SELECT count(*) FROM uploads") == 0)
    }

    /// By the pages: announced by name, without its size; the form itself is the worker's to sign.
    @Test func aPageAnnouncesALargeFile() throws {
        var portal = try Portal()
        #expect(try portal.page("/uploads/new?environment=nowhere").status == 404)
        let page = try portal.page("/uploads/new?environment=local")
        let token = try #require(page.field("form_token"))
        let basis = [("form_token", token), ("environment", "local")]
        let unfit = try portal.form("/uploads", basis + [("name", "../x"), ("sha256", "zz")])
        #expect(unfit.status == 422)
        for id in ["name", "sha256"] { #expect(unfit.text.contains("id=\"\(id)-error\"")) }
        #expect(unfit.text.contains("value=\"../x\""))
        let done = try portal.form("/uploads", basis + [("name", "big.bin"), ("sha256", "")])
        #expect(done.status == 303)
        let path = try #require(done.headers.first("location"))
        #expect(try portal.page(path, as: portal.stranger).status == 404)
        #expect(try portal.page(path).status == 503)
        let back = try portal.page(path + "?bucket=b&key=k&etag=e")
        #expect(back.text.contains("Being checked") && back.text.contains("data-moving"))
        #expect(try portal.count("SELECT count(*) FROM tasks WHERE kind = 'checkUpload'") == 1)
        try portal.worker(["UPDATE uploads SET state = 'complete', size = 7000000, sha256 = sha256('x')"])
        #expect(try portal.page(path).text.contains("Ready"))
        let form = try portal.page("/jobs/new?environment=local").text
        #expect(form.contains("Uploaded before, in no job yet") && form.contains(" big.bin\">big.bin"))
    }

    /// Announcements that nobody came back to are gone with the next, without any worker.
    @Test func whatWasAnnouncedInVainIsTakenBack() throws {
        var portal = try Portal()
        _ = try announce(&portal, size: 3)
        try portal.owner("UPDATE uploads SET expires_at = now() - interval '1 s'")
        _ = try announce(&portal, size: 4)
        #expect(try portal.count("SELECT count(*) FROM uploads") == 1)
    }

    /// Above the inline limit the bytes go straight to the bucket, by a form that the worker signs.
    @Test func aLargeFileGoesStraightToTheBucket() throws {
        var portal = try Portal()
        let silent = try announce(&portal, size: 3_000_000)
        #expect(silent.status == 503)
        #expect(try portal.count("SELECT count(*) FROM tasks WHERE kind = 'presign' AND lane = 'interactive'") == 1)
        // What nobody can send now is not kept.
        #expect(try portal.count("SELECT count(*) FROM uploads") == 0)
        try portal.owner(
            """
            INSERT INTO uploads (owner, environment, name, size, state, is_direct)
            VALUES (\(portal.member.id), \(portal.environment), 'a.bin', 3000000, 'open', true)
            """)
        var web = try portal.database.connect(.web)
        web.identity = portal.member.token
        let id = try #require(try web.row("SELECT id FROM uploads") { try $0.uuid(0) })
        #expect(try put(id.uuidString, [1], &portal).status == 409)
        #expect(try portal.api("GET", "/uploads/\(id.uuidString)").json["state"]?.string == "open")
        #expect(try portal.count("SELECT count(*) FROM tasks WHERE kind = 'checkUpload' AND lane = 'interactive'") == 1)
    }
}

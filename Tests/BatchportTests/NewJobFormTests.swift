import Batchport
import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import TestSupport
import Testing

/// The form of a new job: everything typed survives, files too, and a second press is no second job.
struct NewJobFormTests {
    private enum Part {
        case field(String, String)
        case file(String, [UInt8])
    }

    private func send(
        _ parts: [Part], _ portal: inout Portal, token: String?? = .none, as person: Portal.Person? = nil,
        cut: Bool = false
    ) throws -> Answer {
        let own = try portal.formToken(as: person)
        let tokenPart = (token ?? own).map { [Part.field("form_token", $0)] } ?? []
        var body: [UInt8] = []
        for part in tokenPart + parts {
            body += Array("--BOUNDARY\r\nContent-Disposition: form-data; name=".utf8)
            switch part {
            case .field(let name, let value): body += Array("\"\(name)\"\r\n\r\n\(value)\r\n".utf8)
            case .file(let name, let bytes):
                body += Array(
                    "\"inputFiles\"; filename=\"\(name)\"\r\nContent-Type: application/octet-stream\r\n\r\n".utf8)
                body += bytes + Array("\r\n".utf8)
            }
        }
        if !cut { body += Array("--BOUNDARY--\r\n".utf8) }
        return try portal.send(
            "POST", "/jobs/new",
            [
                ("cookie", "__Host-batchport=" + (person ?? portal.member).session), ("sec-fetch-site", "same-origin"),
                ("content-type", "multipart/form-data; boundary=BOUNDARY"),
            ], body: body)
    }

    private func fields(_ changes: [String: String] = [:]) -> [Part] {
        let basis = [
            ("key", "K1"), ("environment", "local"), ("name", "fit"), ("language", "python"),
            ("source", "\r\nprint('<&>')\r\n"), ("argv", ""), ("vcpuCount", "Inherited"), ("gpuCount", "Inherited"),
            ("memory", "Automatic"), ("timeConstraint", ""), ("env", ""), ("tags", ""), ("do", "submit"),
        ]
        return basis.map { .field($0.0, changes[$0.0] ?? $0.1) }
    }

    @Test func submitsOnceHoweverOftenItIsPressed() throws {
        var portal = try Portal()
        let parts = fields(["env": "MODE=fast=yes\r\n\r\nX=", "tags": "giab project:t2t", "timeConstraint": " 120 "])
        let first = try send(parts, &portal)
        #expect(first.status == 303)
        let path = try #require(first.headers.first("location"))
        #expect(try send(parts, &portal).headers.first("location") == path)
        #expect(try send(fields(["name": "edited"]), &portal).headers.first("location") != path)
        #expect(try portal.count("SELECT count(*) FROM jobs") == 2)
        let body = try portal.api("GET", path + "/submission").json
        #expect(body["code"]?["source"]?.string == "\nprint('<&>')\n")
        #expect(body["env"]?.text == #"{"MODE":"fast=yes","X":""}"#)
        #expect(body["tags"]?.text == #"{"giab":"","project":"t2t"}"#)
        #expect(body["timeConstraint"]?.integer == 120)
        let again = try portal.page("/jobs/new?from=\(path.split(separator: "/")[1])").text
        #expect(
            again.contains(">\n\nprint(&#39;&lt;&amp;&gt;&#39;)\n</textarea>")
                && again.contains("value=\"giab project:t2t\""))
    }

    @Test func whatIsWrongIsSaidBesideItsFieldAndFilesStay() throws {
        var portal = try Portal()
        let content = [UInt8](repeating: 0x61, count: 1_500_000)
        let answer = try send(
            [.field("environment", "local"), .file("kept.txt", content), .file("../x", [1]), .file("", [])]
                + fields(["name": "", "memory": "8 XB", "timeConstraint": "59"]).filter {
                    if case .field("environment", _) = $0 { false } else { true }
                }, &portal)
        #expect(answer.status == 422)
        for id in ["name", "memory", "timeConstraint", "inputFiles"] {
            #expect(answer.text.contains("href=\"#\(id)\""), "\(id)")
            #expect(answer.text.contains("id=\"\(id)-error\""), "\(id)")
        }
        #expect(answer.text.contains("value=\"8 XB\"") && answer.text.contains("print(&#39;&lt;&amp;&gt;&#39;)"))
        let upload = try #require(answer.field("upload"))
        #expect(try portal.count("SELECT count(*) FROM jobs") == 0)
        #expect(try portal.count("SELECT count(*) FROM uploads WHERE state = 'complete' AND size = 1500000") == 1)
        let done = try send(fields() + [.field("upload", upload)], &portal)
        #expect(done.status == 303)
        #expect(try portal.count("SELECT count(*) FROM job_inputs WHERE name = 'kept.txt' AND size = 1500000") == 1)
        #expect(try portal.count("SELECT sum(length(bytes)) FROM upload_chunks") == 1_500_000)
    }

    @Test func removesAFileAndChecksWithoutSending() throws {
        var portal = try Portal()
        let parts =
            [.field("environment", "local")]
            + fields(["do": "check"]).filter {
                if case .field("environment", _) = $0 { false } else { true }
            }
        let checked = try send([parts[0], .file("a.txt", [1, 2])] + parts.dropFirst(), &portal)
        #expect(checked.status == 200 && checked.text.contains("Everything fits."))
        #expect(checked.text.contains("2,048 MiB") && checked.text.contains("a.txt"))
        let upload = try #require(checked.field("upload"))
        let removed = try send(fields(["do": "remove " + upload.prefix(36)]) + [.field("upload", upload)], &portal)
        #expect(removed.status == 200 && !removed.text.contains("a.txt"))
        #expect(try portal.count("SELECT count(*) FROM jobs") == 0)
    }

    @Test func nothingIsTakenWithoutItsToken() throws {
        var portal = try Portal()
        let parts = [Part.field("environment", "local"), .file("a.txt", [1])] + fields()
        for token in [nil, "wrong", try portal.formToken(as: portal.stranger)] as [String?] {
            #expect(try send(parts, &portal, token: .some(token)).status == 403)
        }
        #expect(try portal.count("SELECT count(*) FROM uploads") == 0)
    }

    @Test func aFileTooLargeOrBrokenOffLeavesNothing() throws {
        var portal = try Portal()
        let large = [UInt8](repeating: 1, count: 2_000_001)
        let answer = try send(
            [.field("environment", "local"), .file("big", large)]
                + fields(["environment": "local"]).filter {
                    if case .field("environment", _) = $0 { false } else { true }
                }, &portal)
        #expect(answer.status == 422 && answer.text.contains("1.9 MiB"))
        #expect(try send([.field("environment", "local"), .file("cut", [1, 2, 3])], &portal, cut: true).status == 400)
        #expect(try portal.count("SELECT count(*) FROM upload_chunks") == 0)
        #expect(try portal.count("SELECT count(*) FROM uploads WHERE state <> 'open'") == 0)
    }

    @Test func aLinkFillsItIn() throws {
        var portal = try Portal()
        let page = try portal.page(
            "/jobs/new?environment=local&name=from+a+link&language=shell&source=echo%20hi&memory=1+GiB")
        #expect(page.text.contains("value=\"from a link\"") && page.text.contains(">\necho hi</textarea>"))
        #expect(page.text.contains("value=\"shell\" checked") && page.text.contains("<b>1,024 MiB</b>"))
        #expect(try portal.page("/jobs/new?name=a&name=b").status == 400)
    }
}

/// A job run again, with the very files that it had.
struct ResubmissionTests {
    private func first(_ portal: inout Portal) throws -> UUID {
        try portal.submitted(["name": "first", "inputFiles": ["a b.csv": ["base64": "eHl6"], "c": ["base64": "eA=="]]])
    }

    @Test func overTheAPI() throws {
        var portal = try Portal()
        let job = try first(&portal)
        let body = try portal.api("GET", "/jobs/\(job.uuidString)/submission").json
        #expect(body["inputFiles"]?["a b.csv"]?["upload"]?.string != nil)
        #expect(try portal.submit(body).status == 201)
        #expect(
            try portal.count(
                "SELECT count(*) FROM (SELECT FROM job_inputs GROUP BY upload, name HAVING count(*) = 2) AS shared")
                == 2)
        // An admin sees the job, but its files are its owner's.
        let foreign = try portal.api("GET", "/jobs/\(job.uuidString)/submission", as: portal.admin).json
        #expect(foreign["inputFiles"]?["c"]?["upload"] == .null)
        #expect(try portal.submit(body, as: portal.admin).pointers == ["/inputFiles", "/inputFiles"])
    }

    @Test func onThePage() throws {
        var portal = try Portal()
        let job = try first(&portal)
        let page = try portal.page("/jobs/new?from=\(job.uuidString)")
        let upload = try #require(page.field("upload"))
        #expect(upload.hasSuffix(" a b.csv") && page.text.contains(">a b.csv<"))
        #expect(
            try portal.page("/jobs/new?from=\(job.uuidString)", as: portal.admin).text.contains(
                "to be added again: a b.csv, c"))
    }

    /// What is gone, or lies elsewhere, or is going just now, is not named.
    @Test func whatCannotBeSharedIsToBeAddedAgain() throws {
        let changes: [SQL] = [
            "DELETE FROM upload_chunks", "UPDATE uploads SET state = 'removing'", "UPDATE jobs SET bucket = 'another'",
        ]
        for change in changes {
            var portal = try Portal()
            let job = try first(&portal)
            let body = try portal.api("GET", "/jobs/\(job.uuidString)/submission").json
            try portal.worker([change])
            let now = try portal.api("GET", "/jobs/\(job.uuidString)/submission").json
            #expect(now["inputFiles"]?["c"]?["upload"] == .null, "\(change.text)")
            #expect(try portal.submit(body).status == 422, "\(change.text)")
        }
    }
}

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

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

    @Test func whatOnlyAnArrayHasIsNotIgnored() throws {
        var portal = try Portal()
        let answer = try send(
            fields() + [.field("jobType", "Single"), .field("elements", "[1, 2]"), .field("workers", "3")], &portal)
        #expect(answer.status == 422)
        #expect(answer.text.contains("id=\"elements-error\"") && answer.text.contains("id=\"workers-error\""))
        #expect(answer.text.contains(">\n[1, 2]</textarea>") && answer.text.contains("value=\"3\""))
        let counted = try send(
            fields() + [.field("jobType", "Array"), .field("elements", "[1, 2]"), .field("methodCount", "2")], &portal)
        #expect(counted.status == 422 && counted.text.contains("id=\"methodCount-error\""))
        #expect(try portal.count("SELECT count(*) FROM jobs") == 0)
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

    /// Enter in a field presses the form's first button.
    @Test func theFirstButtonIsTheOneThatSubmits() throws {
        var portal = try Portal()
        for path in ["/jobs/new", "/jobs/new?jobType=Array"] {
            let page = try portal.page(path).text
            let form = try #require(page.firstRange(of: "action=\"/jobs/new\""))
            let button = try #require(page[form.upperBound...].firstRange(of: "<button"))
            let tag = page[button.lowerBound...].prefix { $0 != ">" }
            #expect(tag.contains("name=\"do\" value=\"submit\"") && tag.contains("tabindex=\"-1\""), "\(tag)")
        }
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

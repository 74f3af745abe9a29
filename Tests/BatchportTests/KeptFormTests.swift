import Batchport
import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import Testing

/// A form posted after an idle sign-out: kept in the sign-in page, shown after signing in again, sent by its own form.
struct KeptFormTests {
    private func lapse(_ portal: borrowing Portal) throws {
        try portal.owner("UPDATE sessions SET seen_at = now() - interval '2 hours' WHERE person = \(portal.member.id)")
    }

    /// Signs in by the page that came back, and answers what follows.
    private func signIn(_ page: Answer, as person: Portal.Person, _ portal: inout Portal, password: String? = nil)
        throws
        -> Answer
    {
        let cookie = try #require(
            page.headers.all("set-cookie").first { $0.hasPrefix("__Host-batchport-form=") }?.prefix { $0 != ";" })
        let fields = [
            ("form_token", try #require(page.field("form_token"))), ("kept", page.field("kept") ?? ""),
            ("email", person.email), ("password", password ?? Portal.password),
        ]
        let text = fields.map { percentEncode($0.0) + "=" + percentEncode($0.1) }.joined(separator: "&")
        return try portal.send(
            "POST", "/sign-in",
            [
                ("cookie", String(cookie)), ("content-type", "application/x-www-form-urlencoded"),
                ("sec-fetch-site", "same-origin"), ("origin", Portal.origin),
            ], body: Array(text.utf8))
    }

    private func late(_ portal: inout Portal, _ fields: [(String, String)] = []) throws -> Answer {
        let job = try portal.submitted()
        let token = try portal.formToken()
        try lapse(portal)
        return try portal.form(
            "/jobs/\(job.uuidString)/abort", [("form_token", token), ("reason", "seen <enough> & more")] + fields)
    }

    @Test func comesBackAndIsSentInTheNewSession() throws {
        var portal = try Portal()
        let page = try late(&portal)
        #expect(page.status == 401 && page.text.contains("You were signed out before this was sent"))
        #expect(try portal.count("SELECT count(*) FROM jobs WHERE stop_requested_at IS NOT NULL") == 0)
        let wrong = try signIn(page, as: portal.member, &portal, password: "not mine at all")
        #expect(wrong.status == 422 && wrong.field("kept") == page.field("kept"))
        let back = try signIn(wrong, as: portal.member, &portal)
        #expect(back.status == 200 && back.text.contains("seen &lt;enough&gt; &amp; more"))
        #expect(try portal.count("SELECT count(*) FROM jobs WHERE stop_requested_at IS NOT NULL") == 0)
        let session = try #require(
            back.headers.all("set-cookie").first { $0.hasPrefix("__Host-batchport=") }?.prefix { $0 != ";" })
        let path = try #require(
            back.text.firstRange(of: "action=\"/jobs/").map {
                back.text[$0.lowerBound...].dropFirst(8).prefix { $0 != "\"" }
            })
        let token = try #require(back.text.components(after: "name=\"form_token\" value=\"").last)
        let body = "form_token=\(token)&reason=seen+%3Cenough%3E+%26+more"
        let done = try portal.send(
            "POST", String(path),
            [
                ("cookie", String(session)), ("content-type", "application/x-www-form-urlencoded"),
                ("sec-fetch-site", "same-origin"), ("origin", Portal.origin),
            ], body: Array(body.utf8))
        #expect(done.status == 303)
        #expect(try portal.count("SELECT count(*) FROM jobs WHERE stop_reason = 'seen <enough> & more'") == 1)
    }

    @Test func secretsAreNotKept() throws {
        var portal = try Portal()
        let token = try portal.formToken()
        try lapse(portal)
        let page = try portal.form(
            "/credentials",
            [
                ("form_token", token), ("name", "lab key"), ("access_key_id", "AKIDEXAMPLE"),
                ("secret_access_key", "wJalrXUtnFEMI"), ("session_token", "tokenvalue"), ("your_password", "pass-word"),
            ])
        #expect(page.status == 401)
        let sealed = try #require(page.field("kept"))
        let document = String(
            decoding: try #require(Data(base64Encoded: String(sealed.prefix { $0 != "." }))), as: UTF8.self)
        #expect(document.contains("lab key"))
        for secret in ["wJalrXUtnFEMI", "tokenvalue", "pass-word", token] { #expect(!document.contains(secret)) }
        let back = try signIn(page, as: portal.member, &portal)
        #expect(back.text.contains("Passwords and keys are not kept") && back.text.contains("lab key"))
    }

    /// Only what the session's own page has sent, and only for its person.
    @Test func whatIsNotTheirsIsNotKept() throws {
        var portal = try Portal()
        let job = try portal.submitted()
        let (token, path) = (try portal.formToken(), "/jobs/\(job.uuidString)/abort")
        try lapse(portal)
        let foreign: [(String, [(String, String)])] = [
            ("wrong", [("sec-fetch-site", "same-origin")]), (token, [("sec-fetch-site", "cross-site")]),
            (token, [("sec-fetch-site", "same-origin"), ("origin", "http://evil.test")]), (token, []),
        ]
        for (token, headers) in foreign {
            let answer = try portal.form(path, [("form_token", token), ("reason", "x")], as: portal.member, headers)
            #expect(answer.status == 303 && answer.headers.first("location") == "/sign-in", "\(headers)")
        }
        let page = try portal.form(path, [("form_token", token), ("reason", "mine alone")])
        let other = try signIn(page, as: portal.stranger, &portal)
        #expect(other.status == 303 && other.headers.first("location") == "/jobs")
        // A session that was ended is nobody's any more.
        try portal.owner("UPDATE sessions SET ended_at = now() WHERE person = \(portal.member.id)")
        #expect(try portal.form(path, [("form_token", token), ("reason", "x")]).status == 303)
    }

    @Test func aSealThatIsNotOursCountsForNothing() throws {
        var portal = try Portal()
        let page = try late(&portal)
        let sealed = try #require(page.field("kept"))
        for edited in [sealed + "x", "e30=." + sealed.split(separator: ".")[1], "nonsense"] {
            var text = page.text
            text = text.replacing(sealed, with: edited)
            let answer = try signIn(
                Answer(Response(status: 401, headers: page.headers, body: .bytes(Array(text.utf8)))), as: portal.member,
                &portal)
            #expect(answer.status == 303)
        }
    }

    @Test func theNewJobsFormComesBackAsItWas() throws {
        var portal = try Portal()
        let token = try portal.formToken()
        try lapse(portal)
        let parts = [
            ("form_token", token), ("environment", "local"), ("name", "kept"), ("source", "a\r\n\"b\""),
            ("do", "submit"),
        ]
        var body = parts.map { "--B\r\nContent-Disposition: form-data; name=\"\($0.0)\"\r\n\r\n\($0.1)\r\n" }.joined()
        body +=
            "--B\r\nContent-Disposition: form-data; name=\"inputFiles\"; filename=\"big.csv\"\r\n\r\n1,2\r\n--B--\r\n"
        let page = try portal.send(
            "POST", "/jobs/new",
            [
                ("cookie", "__Host-batchport=" + portal.member.session), ("sec-fetch-site", "same-origin"),
                ("origin", Portal.origin), ("content-type", "multipart/form-data; boundary=B"),
            ], body: Array(body.utf8))
        #expect(page.status == 401)
        let back = try signIn(page, as: portal.member, &portal)
        #expect(
            back.text.contains("value=\"a\r\n&quot;b&quot;\"")
                && back.text.contains("Choose these files again: big.csv"))
        #expect(back.text.contains("name=\"do\" value=\"show\"") && !back.text.contains("value=\"submit\""))
        #expect(try portal.count("SELECT count(*) FROM jobs") == 0)
        #expect(try portal.count("SELECT count(*) FROM uploads") == 0)
    }

    @Test func pagesSayWhenTheirSessionEnds() throws {
        var portal = try Portal()
        #expect(try portal.page("/jobs").text.contains("<body data-idle=\"3600\">"))
        #expect(try portal.page("/jobs/new").text.contains("UTC if nothing is sent until then"))
        #expect(try !portal.page("/jobs").text.contains("if nothing is sent until then"))
        #expect(try portal.send("GET", "/sign-in").text.contains("<body>"))
    }

    /// A page that looks for news by itself does not keep its reader signed in.
    @Test func lookingForNewsIsNoUse() throws {
        var portal = try Portal()
        try portal.owner("UPDATE sessions SET seen_at = now() - interval '30 minutes'")
        let recent: SQL = "SELECT count(*) FROM sessions WHERE seen_at > now() - interval '1 minute'"
        #expect(try portal.page("/jobs", as: portal.member, [("batchport-live", "1")]).status == 200)
        #expect(try portal.count(recent) == 0)
        #expect(try portal.page("/jobs").status == 200)
        #expect(try portal.count(recent) == 1)
    }
}

extension String {
    fileprivate func components(after mark: String) -> [String] {
        var (found, rest): ([String], Substring) = ([], self[...])
        while let range = rest.firstRange(of: mark) {
            rest = rest[range.upperBound...]
            found.append(String(rest.prefix { $0 != "\"" }))
        }
        return found
    }
}

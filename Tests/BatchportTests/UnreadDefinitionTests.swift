import Batchport
import HTTP
import JSON
import PostgreSQL
import Testing

/// An environment whose job definition is not known says what is in the way, and who does what about it.
struct UnreadDefinitionTests {
    private func refusal(_ portal: inout Portal) throws -> (code: String?, message: String) {
        let answer = try portal.submit(portal.submission())
        #expect(answer.status == 422 && answer.pointers == ["/environment"], "\(answer.text)")
        let error = answer.json["errors"]?[0]
        return (error?["code"]?.string, error?["message"]?.string ?? "")
    }

    @Test func whatTheCheckFoundIsSaid() throws {
        var portal = try Portal()
        try portal.owner(
            "UPDATE environments SET definition = NULL, checked_at = NULL, findings = NULL, healthy = NULL")
        let before = try refusal(&portal)
        #expect(before.code == "notChecked" && before.message.contains("whoever manages"))
        let findings = """
            [{"name": "Region and account", "ok": true, "detail": "Fine."},
            {"name": "Job definition", "ok": false, "detail": "There is no active revision of it.",
            "remedy": "Name one that is active."}]
            """
        try portal.owner(
            "UPDATE environments SET checked_at = now(), healthy = false, findings = \(JSONText(findings))")
        let after = try refusal(&portal)
        #expect(after.code == "needsMending")
        #expect(after.message.contains("no active revision") && after.message.contains("Name one that is active."))
        #expect(try portal.page("/jobs/new?environment=local").text.contains("no active revision"))
    }
}

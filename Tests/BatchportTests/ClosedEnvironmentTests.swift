import FoundationEssentials
import JSON
import PostgreSQL
import TestSupport
import Testing

/// An environment that is disabled says so wherever somebody comes to use it.
struct ClosedEnvironmentTests {
    private static let close: SQL =
        "UPDATE environments SET enabled = false, disabled_message = 'Moving <b>until</b> Monday', version = version + 1"

    @Test func theFormOfANewJobSaysItAndKeepsWhatWasAskedFor() throws {
        var portal = try Portal()
        let job = try portal.submitted(["name": "to run again"])
        try portal.owner(Self.close)
        for path in ["/jobs/new", "/jobs/new?from=\(job.uuidString)"] {
            let page = try portal.page(path).text
            #expect(page.contains("local is disabled") && page.contains("Moving &lt;b&gt;until&lt;/b&gt; Monday"))
            #expect(page.contains(">local, disabled</option>") && !page.contains("There is no environment"))
        }
        #expect(try portal.page("/jobs/new?from=\(job.uuidString)").text.contains("value=\"to run again\""))
    }

    @Test func oneThatIsEnabledIsChosenFirst() throws {
        var portal = try Portal()
        let other = UUID()
        try portal.owner(
            """
            INSERT INTO environments (id, name, region, account, io_bucket, job_definition, job_queue, service_object,
                credential, languages, is_local)
            SELECT \(other), 'zebra', region, account, io_bucket, job_definition, job_queue, service_object, credential,
                languages, is_local FROM environments
            """)
        try portal.owner("INSERT INTO environment_grants (environment) VALUES (\(other))")
        try portal.owner("UPDATE environments SET enabled = false WHERE name = 'local'")
        let page = try portal.page("/jobs/new").text
        #expect(page.contains("<option value=\"zebra\" selected>zebra</option>") && !page.contains("is disabled"))
        // What is deleted is offered to nobody.
        try portal.owner("UPDATE environments SET deleted_at = now(), enabled = false WHERE name = 'local'")
        #expect(try !portal.page("/jobs/new").text.contains("local, disabled"))
    }

    @Test func noFileIsTakenForIt() throws {
        var portal = try Portal()
        try portal.owner(Self.close)
        let answer = try portal.api("POST", "/uploads", ["environment": "local", "name": "a", "size": 1])
        let wanted = try portal.submit(portal.submission()).json["errors"]?[0]
        #expect(answer.status == 422 && answer.json["errors"]?[0] == wanted && wanted?["code"] == "disabled")
        let form = [("form_token", try portal.formToken()), ("environment", "local"), ("name", "a"), ("sha256", "")]
        let page = try portal.form("/uploads", form)
        #expect(page.status == 422 && page.text.contains("Moving &lt;b&gt;until&lt;/b&gt; Monday"))
        #expect(try portal.count("SELECT count(*) FROM uploads") == 0)
    }
}

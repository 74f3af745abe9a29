import FoundationEssentials
import JSON
import PostgreSQL
import Processes
import TestSupport
import Testing

@testable import Batchport

struct StackOutputsTests {
    private static let fields = """
        "ioBucket": "b", "prefix": "batchport/", "jobDefinition": "d", "jobQueue": "q", "languages": "shell,python"
        """
    private static let list = """
        [{"OutputKey": "ioBucket", "OutputValue": "b", "Description": "x"}, {"OutputKey": "prefix", "OutputValue": "batchport/"},
         {"OutputKey": "jobDefinition", "OutputValue": "d"}, {"OutputKey": "jobQueue", "OutputValue": "q"},
         {"OutputKey": "languages", "OutputValue": "shell,python"}, {"OutputKey": "roleARN", "OutputValue": "r"}]
        """

    @Test(arguments: [
        "{\(fields)}", list, "{\"Outputs\": \(list)}", "{\"Stacks\": [{\"StackName\": \"s\", \"Outputs\": \(list)}]}",
    ])
    func readsEveryForm(text: String) throws {
        var entry = EnvironmentEntry()
        entry.take(try StackOutputs(text: text))
        #expect((entry.ioBucket, entry.prefix) == ("b", "batchport/"))
        #expect((entry.jobDefinition, entry.jobQueue) == ("d", "q"))
        #expect(entry.languages == ["shell", "python"])
    }

    @Test(arguments: [
        ("", "JSON"), ("{\"a\": 1,}", "line 1, column"), ("[1]", "no outputs"), ("3", "no outputs"),
        ("{\"Stacks\": []}", "no outputs"),
        ("{\"VpcId\": \"vpc-1\"}", "ioBucket, prefix, jobDefinition, jobQueue, languages"),
        ("{\"ioBucket\": \"b\", \"prefix\": \"\", \"jobDefinition\": \"d\", \"jobQueue\": \"q\"}", "prefix, languages"),
    ])
    func saysWhatIsWrong(text: String, part: String) {
        let failure = #expect(throws: Failure.self) { try StackOutputs(text: text) }
        #expect(failure?.status == 422 && failure?.problems.first?.pointer == "/outputs")
        #expect(failure?.problems.first?.message.contains(part) == true)
    }

    /// As `deploy/aws/environment.yaml`'s stack says them.
    private static let outputs: JSONValue = [
        "region": "eu-central-1", "ioBucket": "genomics-io", "prefix": "batchport/", "languages": "shell,python",
        "jobDefinition": .string(EnvironmentEditingTests.arn + "job-definition/genomics:1"),
        "jobQueue": .string(EnvironmentEditingTests.arn + "job-queue/genomics"), "roleARN": "arn:aws:iam::1:role/r",
    ]

    @Test func anEnvironmentIsMadeOfThem() throws {
        var portal = try Portal()
        let rest: JSONValue = ["outputs": Self.outputs, "name": "imported", "grants": [["everyone": true]]]
        let made = try portal.api("POST", "/environments/import", rest, as: portal.admin)
        #expect(made.status == 201, "\(made.text)")
        #expect(made.json["ioBucket"]?.string == "genomics-io" && made.json["region"]?.string == "eu-central-1")
        #expect(made.json["languages"]?.array?.compactMap(\.string) == ["shell", "python"])
        let bare = try portal.api("POST", "/environments/import", ["name": "x"], as: portal.admin)
        #expect(bare.status == 422 && bare.pointers == ["/outputs"])
        let unfit = try portal.api("POST", "/environments/import", ["outputs": Self.outputs], as: portal.admin)
        #expect(unfit.status == 422 && unfit.pointers == ["/name"])
        let member = try portal.api("POST", "/environments/import", rest, as: portal.member)
        #expect(member.status == 403 || member.status == 404)
        #expect(try portal.count("SELECT count(*) FROM environments") == 2)
    }

    @Test func thePageFillsTheFormAndStoresNothing() throws {
        var portal = try Portal()
        let page = try portal.page("/environments/set-up", as: portal.admin)
        #expect(page.status == 200 && page.text.contains("deploy/aws/environment.yaml"))
        let token = ("form_token", try portal.formToken(as: portal.admin))
        let filled = try portal.form("/environments/import", [token, ("outputs", Self.outputs.text)], as: portal.admin)
        #expect(filled.status == 200 && filled.text.contains("value=\"genomics-io\""))
        let wrong = try portal.form("/environments/import", [token, ("outputs", "{\"<\": 1}")], as: portal.admin)
        #expect(wrong.status == 422 && wrong.text.contains("{&quot;&lt;&quot;: 1}"))
        #expect(try portal.page("/environments/set-up", as: portal.member).status == 404)
        #expect(try portal.count("SELECT count(*) FROM environments") == 1)
    }

    /// Answers questions after stacks as the worker does; the rows are the contract (025_stacks.sql).
    private func answering(_ portal: borrowing Portal, count: Int) throws -> Thread {
        let (database, outputs) = (portal.database, Self.outputs.text)
        return try Thread.start(name: "worker") {
            do {
                var worker = try database.connect(.worker)
                try worker.listen("tasks")
                var seen = 0
                while seen < count {
                    _ = try worker.waitForNotification(milliseconds: 100)
                    let answered = try worker.rows(
                        """
                        UPDATE links SET answer = CASE stack
                            WHEN 'genomics' THEN jsonb_build_object('isReady', true, 'status', region, 'outputs',
                                \(outputs)::jsonb)
                            WHEN 'busy' THEN '{"isReady": false, "status": "CREATE_IN_PROGRESS", "outputs": {}}'
                            WHEN 'other' THEN '{"isReady": true, "status": "CREATE_COMPLETE", "outputs": {"VpcId": "v"}}'
                            ELSE '{"refused": "There is no stack of this name."}' END
                        WHERE kind = 'stack' AND answer IS NULL RETURNING id
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

    @Test func aStackIsAskedForByItsName() throws {
        var portal = try Portal()
        let worker = try answering(portal, count: 5)
        let credential = JSONValue.string(portal.credential.lower)
        func take(_ stack: JSONValue, _ portal: inout Portal) throws -> Answer {
            let body: JSONValue = ["stack": stack, "name": "imported", "grants": [["everyone": true]]]
            return try portal.api("POST", "/environments/import", body, as: portal.admin)
        }
        let made = try take(["stackName": "genomics", "credential": credential], &portal)
        #expect(made.status == 201 && made.json["ioBucket"]?.string == "genomics-io", "\(made.text)")
        for (name, words) in [
            ("nothing", "There is no stack"), ("busy", "CREATE_IN_PROGRESS"), ("other", "other outputs"),
        ] {
            let answer = try take(["stackName": .string(name), "credential": credential], &portal)
            #expect(answer.status == 422 && answer.pointers == ["/stack/stackName"], "\(name): \(answer.text)")
            #expect(answer.json["errors"]?[0]?["message"]?.string?.contains(words) == true, "\(name): \(answer.text)")
        }
        let token = ("form_token", try portal.formToken(as: portal.admin))
        let typed = [token, ("by", "name"), ("stackName", "genomics"), ("credential", portal.credential.lower)]
        let filled = try portal.form("/environments/import", typed, as: portal.admin)
        #expect(filled.status == 200 && filled.text.contains("value=\"genomics-io\""))
        worker.join()
        #expect(try portal.count("SELECT count(*) FROM environments") == 2)
        #expect(try portal.count("SELECT count(*) FROM links") == 0)
    }

    @Test func whatIsNoStackIsNotAskedFor() throws {
        var portal = try Portal()
        let credential = JSONValue.string(portal.credential.lower)
        let arn: JSONValue = "arn:aws:cloudformation:eu-west-1:1:stack/a/b"
        let unfit: [(JSONValue, [String])] = [
            (["stackName": "a b", "credential": credential], ["/stack/stackName"]),
            (["stackName": "", "credential": credential], ["/stack/stackName"]),
            (["stackName": "a", "credential": .string(UUID().lower)], ["/stack/credential"]),
            (["stackName": arn, "region": "eu-west-2", "credential": credential], ["/stack/region"]),
            ([:], ["/stack/credential", "/stack/stackName"]),
        ]
        for (stack, pointers) in unfit {
            let answer = try portal.api(
                "POST", "/environments/import", ["stack": stack, "name": "x"], as: portal.admin)
            #expect(answer.status == 422 && answer.pointers == pointers, "\(answer.text)")
        }
        let both: JSONValue = ["stack": ["stackName": "a", "credential": credential], "outputs": Self.outputs]
        #expect(try portal.api("POST", "/environments/import", both, as: portal.admin).pointers == ["/outputs"])
        let wrong: JSONValue = ["stack": ["stackName": 1, "credential": credential]]
        #expect(try portal.api("POST", "/environments/import", wrong, as: portal.admin).status == 400)
        let token = ("form_token", try portal.formToken(as: portal.admin))
        let page = try portal.form(
            "/environments/import", [token, ("by", "name"), ("stackName", "<b>")], as: portal.admin)
        #expect(page.status == 422 && page.text.contains("value=\"&lt;b&gt;\""))
        #expect(page.text.contains("2 problems – Set up AWS"))
    }
}

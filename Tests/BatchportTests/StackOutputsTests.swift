import JSON
import PostgreSQL
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
        #expect(unfit.status == 422 && Set(unfit.pointers) == ["/name", "/grants"])
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
}

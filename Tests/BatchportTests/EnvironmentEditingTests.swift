import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// Environments made, changed and taken away over the API (jobs.md "Environments").
struct EnvironmentEditingTests {
    static let arn = "arn:aws:batch:eu-central-1:123456789012:"

    static func body(_ changes: JSONValue = .object([])) -> JSONValue {
        let basis: JSONValue = [
            "name": "genomics", "ioBucket": "genomics-io", "jobDefinition": .string(arn + "job-definition/align:3"),
            "jobQueue": .string(arn + "job-queue/high"), "languages": ["python", "command"],
            "grants": [["everyone": true]],
        ]
        let changed = changes.members ?? []
        return .object(
            (basis.members ?? []).filter { member in !changed.contains { $0.name == member.name } } + changed)
    }

    private func create(_ changes: JSONValue = .object([]), in portal: inout Portal) throws -> Answer {
        try portal.api("POST", "/environments", Self.body(changes), as: portal.admin)
    }

    /// The seed's three properties and a name are enough.
    @Test func whatIsNotSaidHasADefault() throws {
        var portal = try Portal()
        let body = JSONValue.object(
            (Self.body().members ?? []).filter { $0.name != "languages" && $0.name != "grants" })
        let made = try portal.api("POST", "/environments", body, as: portal.admin)
        #expect(made.status == 201, "\(made.text)")
        #expect(made.json["languages"] == JSONValue(Language.allCases.map(\.rawValue)))
        #expect(made.json["grants"]?.array?.count == 1)
        #expect(made.json["grants"]?[0]?["person"]?.string == portal.admin.id.lower)
    }

    @Test func isMadeAsAskedWithItsVersionItsTrailAndItsCheck() throws {
        var portal = try Portal()
        let answer = try create(
            [
                "serviceObject": ["credential": .string(portal.credential.lower)], "prefix": "",
                "custodian": .string(portal.credential.lower), "forcedTags": ["cost": "42"],
                "variables": ["MODE": "fast"],
                "limits": ["concurrentJobs": 3, "timeConstraint": 3600], "memoryRule": ["floorMiB": 1024],
                "grants": [["person": .string(portal.member.email.uppercased())], ["everyone": true]],
            ], in: &portal)
        #expect(answer.status == 201, "\(answer.text)")
        #expect(answer.headers.first("etag") == "\"1\"")
        let made = answer.json
        #expect(made["region"]?.string == "eu-central-1" && made["account"]?.string == "123456789012")
        #expect(made["limits"]?["concurrentJobs"] == 3 && made["limits"]?["jobsPerDay"] == .null)
        #expect(made["memoryRule"]?["floorMiB"] == 1024 && made["memoryRule"]?["mibPerVCPU"] == 2048)
        #expect(made["grants"]?.array?.count == 2 && made["forcedTags"] == ["cost": "42"])
        #expect(made["custodian"]?.string == portal.credential.lower)
        let path = try #require(answer.headers.first("location"))
        let seen = try portal.api("GET", String(path.dropFirst(7)), as: portal.member)
        // A member sees that they may use it, and nobody else's grant.
        #expect(seen.json["grants"]?.array?.count == 2)
        #expect(try portal.api("GET", String(path.dropFirst(7)) + "/versions", as: portal.member).status == 404)
        #expect(try portal.count("SELECT count(*) FROM audit WHERE action = 'environment.added'") == 1)
        #expect(try portal.count("SELECT count(*) FROM tasks WHERE kind = 'checkEnvironment'") == 1)
    }

    private func patch(
        _ id: String, _ changes: JSONValue, ifMatch: String? = "*", as person: Portal.Person? = nil,
        in portal: inout Portal
    ) throws -> Answer {
        let headers = ifMatch.map { [("if-match", $0)] } ?? []
        return try portal.api("PATCH", "/environments/" + id, changes, as: person ?? portal.admin, headers)
    }

    @Test func aChangeIsAVersionWithWhatIsDifferent() throws {
        var portal = try Portal()
        let id = try #require(try create(in: &portal).json["id"]?.string)
        try portal.owner("UPDATE environments SET healthy = true, definition = '{}', checked_at = now()")
        #expect(try patch(id, ["description": "x"], ifMatch: nil, in: &portal).status == 428)
        #expect(try patch(id, ["description": "x"], ifMatch: "\"7\"", in: &portal).status == 412)
        #expect(try patch(id, ["description": "x"], ifMatch: "1", in: &portal).status == 412)
        let changed = try patch(id, ["limits": ["memory": 4096, "jobsPerDay": 5]], ifMatch: "\"1\"", in: &portal)
        #expect(changed.status == 200 && changed.headers.first("etag") == "\"2\"")
        #expect(changed.json["limits"]?["memory"] == 4096 && changed.json["limits"]?["vcpuCount"] == 4)
        #expect(changed.json["health"]?["healthy"] == true)
        // The same again is no version; another queue is one of which nothing has been seen.
        #expect(try patch(id, ["limits": ["jobsPerDay": 5]], in: &portal).headers.first("etag") == "\"2\"")
        let moved = try patch(
            id, ["jobQueue": .string(Self.arn + "job-queue/low"), "limits": ["jobsPerDay": nil]], in: &portal)
        #expect(moved.json["version"] == 3 && moved.json["health"]?["healthy"] == .null)
        #expect(moved.json["limits"]?["jobsPerDay"] == .null)
        let history = try portal.api("GET", "/environments/\(id)/versions", as: portal.admin).json["items"]
        #expect(history?.array?.count == 3)
        #expect(history?[0]?["by"]?.string == portal.admin.name)
        #expect(history?[0]?["changes"]?.array?.compactMap { $0["name"]?.string } == ["jobQueue", "limits.jobsPerDay"])
        #expect(history?[1]?["changes"]?[1]?.text == #"{"from":16384,"name":"limits.memory","to":4096}"#)
        let page = try portal.page("/environments/" + id, as: portal.admin).text
        #expect(
            page.contains("Version 3") && page.contains("limits.jobsPerDay")
                && page.contains(portal.admin.name.prefix(3)))
    }

    @Test func onlyAnAdminWithTheScopeMayEdit() throws {
        var portal = try Portal()
        let id = try #require(try create(in: &portal).json["id"]?.string)
        for person in [portal.member, portal.stranger] {
            #expect(try portal.api("POST", "/environments", Self.body(["name": "b"]), as: person).status == 404)
            #expect(try patch(id, ["description": "x"], as: person, in: &portal).status == 404)
            #expect(try portal.api("DELETE", "/environments/" + id, as: person).status == 404)
            #expect(try portal.page("/environments/\(id)/edit", as: person).status == 404)
            #expect(try portal.page("/environments/new", as: person).status == 404)
        }
        try portal.owner("UPDATE tokens SET scopes = ARRAY['environments:read']")
        #expect(try portal.api("POST", "/environments", Self.body(["name": "b"]), as: portal.admin).status == 403)
        #expect(try portal.api("DELETE", "/environments/" + id, as: portal.admin).status == 403)
        // The database says the same, whatever the program asks.
        var web = try portal.database.connect(.web)
        web.identity = portal.member.session
        for statement: SQL in [
            "UPDATE environments SET enabled = false", "DELETE FROM environment_grants",
            "SELECT FROM environment_versions",
        ] {
            #expect(try web.execute(statement) == 0)
        }
        #expect(throws: PostgresError.self) {
            try web.execute(
                "INSERT INTO environment_grants (environment, person) VALUES (\(portal.environment), \(portal.member.id))"
            )
        }
        #expect(throws: PostgresError.self) { try web.execute("SELECT sealed FROM environment_secrets") }
    }

    @Test func deletedOnlyWhileNoJobIsOnItsWay() throws {
        var portal = try Portal()
        let path = "/environments/" + portal.environment.lower
        let job = try portal.submitted()
        #expect(try portal.api("DELETE", path, as: portal.admin).status == 409)
        try portal.owner("UPDATE jobs SET phase = 'neverSent', settled_at = now()")
        #expect(try portal.api("DELETE", path, as: portal.admin, [("if-match", "\"9\"")]).status == 412)
        #expect(try portal.api("DELETE", path, as: portal.admin, [("if-match", "\"1\"")]).status == 204)
        #expect(try portal.api("DELETE", path, as: portal.admin).status == 404)
        for person in [portal.member, portal.admin] { #expect(try portal.api("GET", path, as: person).status == 404) }
        #expect(try portal.submit(portal.submission(), as: portal.admin).pointers == ["/environment"])
        #expect(try portal.api("GET", "/jobs/" + job.lower).json["environment"]?["name"] == "local")
        #expect(try create(["name": "local"], in: &portal).status == 201)
    }

    @Test func whileDisabledItSaysWhy() throws {
        var portal = try Portal()
        let id = portal.environment.lower
        try portal.owner(
            """
            UPDATE environments SET job_definition = \(Self.arn + "job-definition/align"),
                job_queue = \(Self.arn + "job-queue/high")
            """)
        let answer = try portal.form(
            "/environments/\(id)/enabled",
            [("form_token", try portal.formToken(as: portal.admin)), ("disabledMessage", "Back on <Monday>")],
            as: portal.admin)
        #expect(answer.status == 303, "\(answer.text)")
        let page = try portal.page("/environments/" + id).text
        #expect(page.contains("Back on &lt;Monday&gt;") && page.contains("Disabled"))
        let refused = try portal.submit(portal.submission())
        #expect(refused.status == 422 && refused.json["detail"]?.string?.contains("Back on <Monday>") == true)
    }

    @Test func theFormSaysWhichVariableIsThereTwiceAndWhere() {
        var form = EnvironmentForm(EnvironmentEntry())
        form.kept = ["KEY"]
        form.texts["variables"] = "KEY=1\n\nB=2\nB=3\nnothing"
        var entry = EnvironmentEntry()
        form.write(into: &entry)
        let said = entry.faults.filter { $0.pointer == "/variables" }.map(\.message)
        #expect(
            said == [
                "B is there twice, in lines 3 and 4.", "Line 5 must be NAME=value.",
                "The variable KEY stays as a sealed one too: it is either plain or sealed.",
            ])
    }

    @Test func sealedValuesGoInAndNeverComeOut() throws {
        var portal = try Portal()
        let sealed: JSONValue = ["variables": ["KEY": ["sealed": "canary-1"], "MODE": "fast"]]
        #expect(try create(sealed, in: &portal).status == 503)
        try portal.worker(["INSERT INTO vault_tests (tested_at, ok, detail) VALUES (now(), true, '')"])
        let made = try create(sealed, in: &portal)
        #expect(made.status == 201, "\(made.text)")
        #expect(made.json["variables"]?["KEY"] == ["sealed": true, "version": 1])
        let id = try #require(made.json["id"]?.string)
        let anew = try patch(id, ["variables": ["KEY": ["sealed": "canary-2"]]], in: &portal)
        #expect(anew.json["variables"] == ["KEY": ["sealed": true, "version": 2]])
        let kept = try patch(id, ["variables": ["KEY": ["sealed": true]], "description": "x"], in: &portal)
        #expect(kept.json["version"] == 3 && kept.json["variables"]?["KEY"]?["version"] == 2)
        for path in ["/environments/\(id)", "/environments/\(id)/edit"] {
            #expect(!(try portal.page(path, as: portal.admin).text.contains("canary")))
        }
        #expect(!(try portal.api("GET", "/environments/\(id)/versions", as: portal.admin).text.contains("canary")))
        #expect(try portal.count("SELECT count(*) FROM environment_secrets WHERE version = 2 AND sealed IS NULL") == 1)
        _ = try patch(id, ["variables": [:]], in: &portal)
        #expect(try portal.count("SELECT count(*) FROM environment_secrets") == 0)
    }
}

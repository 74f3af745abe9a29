import Batchport
import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import Processes
import Synchronization
import TestSupport
import Testing

/// What a submission may be (jobs.md, trust.md S25), over the API.
struct SubmissionTests {
    @Test func refusesWhatDoesNotFitAndStoresNothing() throws {
        var portal = try Portal()
        for (change, pointer, limit) in UnfitSubmission.all {
            let answer = try portal.submit(portal.submission(change))
            #expect(answer.status == 422, "\(change.text.prefix(80))")
            #expect(answer.headers.first("content-type") == "application/problem+json")
            #expect(answer.pointers.contains(pointer), "\(change.text.prefix(80)): \(answer.pointers)")
            let found = answer.json["errors"]?.array?.first { $0["pointer"]?.string == pointer }
            #expect(found?["limit"]?.integer == limit, "\(change.text.prefix(80))")
            #expect(found?["message"]?.string?.isEmpty == false)
        }
        #expect(
            try portal.count(
                "SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM uploads) + (SELECT count(*) FROM tasks)")
                == 0)
    }

    @Test func tellsAllAtOnce() throws {
        var portal = try Portal()
        let body: JSONValue = [
            "environment": "local", "name": "", "code": ["language": "python", "source": ""],
            "settings": ["memory": 0, "vcpuCount": 99], "timeConstraint": 1, "inputFiles": ["a/b": ["base64": ""]],
        ]
        let pointers = try portal.submit(body).pointers
        #expect(
            Set(pointers) == [
                "/name", "/code/source", "/settings/memory", "/settings/vcpuCount", "/timeConstraint", "/inputFiles",
            ])
    }

    static let unreadable: [String] = [
        "", "[1, 2]", "{", "\u{FEFF}{}", "{} {}", #"{"name": 7}"#, #"{"code": "print(1)"}"#,
        #"{"timeConstraint": "60"}"#,
        #"{"timeConstraint": 60.5}"#, #"{"owner_id": "me"}"#, #"{"jobStatus": "Succeeded"}"#, #"{"role": "admin"}"#,
        #"{"settings": {"cpu": 1}}"#, #"{"name": "a", "name": "b"}"#, #"{"inputFiles": {"a": {"base64": "*"}}}"#,
        #"{"inputFiles": {"a": {"base64": "", "upload": "00000000-0000-0000-0000-000000000000"}}}"#,
        #"{"name": "\ud800"}"#,
        #"{"tags": "# + String(repeating: "[", count: 1000) + String(repeating: "]", count: 1000) + "}",
        #"{"startBefore": "tomorrow"}"#, #"{"env": {"A": 1}}"#,
    ]

    @Test func refusesWhatCannotBeRead() throws {
        var portal = try Portal()
        let headers = [
            ("authorization", "Bearer " + portal.member.token), ("content-type", "application/json"),
            ("idempotency-key", "k"),
        ]
        for text in Self.unreadable {
            let answer = try portal.send("POST", "/api/v1/jobs", headers, body: Array(text.utf8))
            #expect(answer.status == 400, "\(text.prefix(60)): \(answer.text)")
        }
        let broken = Array(portal.submission().text.replacing("fit", with: "f\u{1}t").utf8).map { $0 == 1 ? 0xFF : $0 }
        #expect(try portal.send("POST", "/api/v1/jobs", headers, body: broken).status == 400)
        let large = Array("{".utf8) + [UInt8](repeating: 0x20, count: 1 << 20) + Array("}".utf8)
        let answer = try portal.send("POST", "/api/v1/jobs", headers, body: large)
        #expect(answer.status == 413 && answer.text.contains("1 MiB"))
        #expect(
            try portal.send(
                "POST", "/api/v1/jobs", [headers[0], headers[2], ("content-type", "text/plain")], body: [1]
            ).status == 415)
        #expect(try portal.count("SELECT count(*) FROM jobs") == 0)
    }

    @Test func storesTheJobItsFilesItsTaskAndItsTrail() throws {
        var portal = try Portal()
        let answer = try portal.submit(
            portal.submission([
                "inputFiles": ["a.csv": ["base64": "MSwyCg=="]], "settings": ["vcpuCount": 2], "timeConstraint": 120,
                "env": ["MODE": "fast"], "tags": ["project": "x"],
            ]))
        #expect(answer.status == 201)
        let id = try #require(answer.json["jobUUID"]?.string)
        #expect(answer.headers.first("location") == "/api/v1/jobs/\(id)")
        #expect(answer.json["phase"]?.string == "queued")
        #expect(answer.json["environment"]?["name"]?.string == "local")
        #expect(answer.json["missing"]?["jobStatus"]?["cause"]?.string == "notStarted")
        #expect(answer.json["jobInputFilenames"]?.text == #"["a.csv"]"#)
        let memory = answer.json["providerSettings"]?["memory"]
        #expect(memory?["value"]?.integer == 4096 && memory?["term"]?.string == "vcpus")
        let uuid = try #require(UUID(uuidString: id))
        #expect(try portal.count("SELECT count(*) FROM tasks WHERE kind = 'submit' AND arguments->>'job' = \(id)") == 1)
        #expect(
            try portal.count(
                "SELECT count(*) FROM audit WHERE action = 'job.submitted' AND subject = \(uuid) AND actor = \(portal.member.id)"
            ) == 1)
        #expect(try portal.count("SELECT count(*) FROM upload_chunks WHERE bytes = '1,2\n'") == 1)
        #expect(try portal.count("SELECT count(*) FROM uploads WHERE state = 'used' AND size = 4") == 1)
        let again = try portal.api("GET", "/jobs/\(id)/submission")
        #expect(again.json["code"]?["source"]?.string == "print(1)\n")
        #expect(again.json["timeConstraint"]?.integer == 120)
    }

    @Test func validatingStoresNothing() throws {
        var portal = try Portal()
        let answer = try portal.api(
            "POST", "/jobs?validateOnly=true", portal.submission(["settings": ["memory": "2 GB"]]))
        #expect(answer.status == 200)
        #expect(answer.json["effective"]?["memory"]?["value"]?.integer == 1908)
        #expect(try portal.api("POST", "/jobs?validateOnly=true", portal.submission(["name": ""])).status == 422)
        #expect(try portal.api("POST", "/jobs?validateOnly=maybe", portal.submission()).status == 400)
        #expect(try portal.count("SELECT count(*) FROM jobs") == 0)
    }

    @Test func anEnvironmentThatIsNotGrantedDoesNotExist() throws {
        var portal = try Portal()
        try portal.owner("UPDATE environment_grants SET person = \(portal.stranger.id)")
        #expect(try portal.submit(portal.submission()).pointers == ["/environment"])
        #expect(try portal.submit(portal.submission(), as: portal.admin).pointers == ["/environment"])
        #expect(try portal.submit(portal.submission(), as: portal.stranger).status == 201)
        let id: JSONValue = .string(portal.environment.uuidString)
        #expect(try portal.submit(portal.submission(["environment": id]), as: portal.stranger).status == 201)
    }
}

/// One job for one key (api.md).
struct IdempotencyTests {
    @Test func sameKeySameAnswer() throws {
        var portal = try Portal()
        let first = try portal.submit(portal.submission(), key: "k1")
        try portal.worker(["UPDATE jobs SET phase = 'refused', phase_reason = 'changed meanwhile'"])
        let second = try portal.submit(portal.submission(), key: "k1")
        #expect(first.status == 201 && second.status == 201)
        #expect(first.bytes == second.bytes)
        #expect(first.headers.first("location") == second.headers.first("location"))
        #expect(try portal.submit(portal.submission(["name": "other"]), key: "k1").status == 422)
        // Members in another order are the same body.
        let members = portal.submission().members ?? []
        #expect(try portal.submit(.object(members.reversed()), key: "k1").status == 201)
        #expect(try portal.submit(portal.submission(), key: "k1", as: portal.stranger).bytes != first.bytes)
        #expect(try portal.count("SELECT count(*) FROM jobs") == 2)
    }

    @Test(arguments: ["", "a\tb", "ü", String(repeating: "x", count: 256)])
    func keysThatAreNone(key: String) throws {
        var portal = try Portal()
        #expect(try portal.submit(portal.submission(), key: key).status == 400)
        #expect(try portal.api("POST", "/jobs", portal.submission()).status == 400)
    }

    @Test func aKeyOfARefusedSubmissionStaysFree() throws {
        var portal = try Portal()
        #expect(try portal.submit(portal.submission(["name": ""]), key: "k").status == 422)
        #expect(try portal.submit(portal.submission(), key: "k").status == 201)
    }

    /// The server goes away while it commits: it may have been done, and the same key finds out.
    @Test func aCommitWhoseOutcomeIsUnknownMayBeRepeated() throws {
        var portal = try Portal()
        var owner = try portal.database.connect(.superuser)
        try owner.execute(
            """
            CREATE FUNCTION go_away() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
                AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$
            """)
        try owner.execute(
            """
            CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON jobs DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION go_away()
            """)
        let answer = try portal.submit(portal.submission(), key: "k")
        #expect(answer.status == 503 && answer.json["type"]?.string == "/problems/outcome-unknown", "\(answer.text)")
        #expect(answer.headers.first("retry-after") == "2")
        try owner.execute("DROP TRIGGER at_commit ON jobs")
        #expect(try portal.submit(portal.submission(), key: "k").status == 201)
        #expect(try portal.count("SELECT count(*) FROM jobs") == 1)
    }

    /// Eight threads at once: one job; each answer is the job's, or says that it is being answered.
    @Test func inParallel() throws {
        let portal = try Portal()
        let body = portal.submission(["inputFiles": ["a": ["base64": "eA=="]]]).serialized()
        let headers = [
            ("authorization", "Bearer " + portal.member.token), ("content-type", "application/json"),
            ("idempotency-key", "k"),
        ]
        let answers = Mutex<[(Int, String)]>([])
        let (database, site) = (portal.database, portal.site)
        let threads = try (0..<8).map { _ in
            try Thread.start(name: "client") {
                guard let connection = try? database.connect(.web) else { return }
                var scope = Scope(database: connection, site: site)
                for _ in 0..<5 {
                    guard let answer = try? Portal.send("POST", "/api/v1/jobs", headers, body: body, in: &scope) else {
                        continue
                    }
                    answers.withLock { $0.append((answer.status, answer.status == 201 ? answer.text : "")) }
                }
            }
        }
        for thread in threads { thread.join() }
        let found = answers.withLock { $0 }
        #expect(found.count == 40)
        #expect(found.allSatisfy { $0.0 == 201 || $0.0 == 409 })
        #expect(Set(found.map(\.1)).subtracting([""]).count == 1)
        #expect(try portal.count("SELECT count(*) FROM jobs") == 1)
        #expect(try portal.count("SELECT count(*) FROM uploads") == 1)
    }
}

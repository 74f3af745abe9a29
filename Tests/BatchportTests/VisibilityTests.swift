import Batchport
import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import TestSupport
import Testing

/// Who sees what (trust.md S19 to S22, S31): what one may not see is what does not exist, to the byte.
struct VisibilityTests {
    static let paths = [
        "", "/log", "/outputs", "/outputs/x.csv", "/result", "/properties/JobStatus", "/submission",
    ]

    @Test func aStrangersJobIsAMissingOne() throws {
        var portal = try Portal()
        let job = try portal.submitted()
        try portal.addOutput(job)
        for path in Self.paths {
            let theirs = try portal.api("GET", "/jobs/\(job.uuidString)\(path)", as: portal.stranger)
            let nobodys = try portal.api("GET", "/jobs/\(UUID().uuidString)\(path)", as: portal.stranger)
            #expect(theirs.status == 404 && theirs.bytes == nobodys.bytes, "\(path)")
            #expect(theirs.names == nobodys.names)
        }
        for path in ["", "/log", "/log/raw", "/outputs", "/outputs/x.csv", "/preview/x.csv", "/abort"] {
            let theirs = try portal.page("/jobs/\(job.uuidString)\(path)", as: portal.stranger)
            let nobodys = try portal.page("/jobs/\(UUID().uuidString)\(path)", as: portal.stranger)
            #expect(theirs.status == 404 && theirs.bytes == nobodys.bytes, "\(path)")
        }
        #expect(try portal.api("POST", "/jobs/\(job.uuidString)/abort", [:], as: portal.stranger).status == 404)
        #expect(try !portal.api("GET", "/jobs", as: portal.stranger).text.contains(job.uuidString.lowercased()))
        #expect(try portal.api("GET", "/jobs", as: portal.admin).text.contains(job.uuidString.lowercased()))
        #expect(try portal.api("GET", "/jobs/\(job.uuidString)", as: portal.admin).status == 200)
        #expect(try portal.page("/jobs/new?from=\(job.uuidString)", as: portal.stranger).status == 404)
    }

    @Test func aProviderIDOpensOnlyOnesOwn() throws {
        var portal = try Portal()
        let job = try portal.submitted()
        try portal.worker([
            "UPDATE jobs SET phase = 'sent', provider_job_id = 'aws-1', status = 'Submitted' WHERE id = \(job)"
        ])
        #expect(try portal.api("GET", "/jobs/aws-1").json["jobUUID"]?.string == job.uuidString.lowercased())
        #expect(try portal.api("GET", "/jobs/aws-1", as: portal.stranger).status == 404)
    }

    @Test func withoutASessionNothing() throws {
        var portal = try Portal()
        for path in ["/jobs", "/jobs/new", "/credentials", "/environments", "/tokens", "/nothing/at/all"] {
            let answer = try portal.send("GET", path)
            #expect([303, 404].contains(answer.status))
        }
        for path in ["/me", "/jobs", "/environments"] {
            let answer = try portal.send("GET", "/api/v1" + path)
            #expect(answer.status == 401 && answer.headers.first("www-authenticate") != nil)
        }
    }

    @Test func withoutAnIdentityTheDatabaseGivesNoRows() throws {
        var portal = try Portal()
        _ = try portal.submitted(["inputFiles": ["a": ["base64": "eA=="]]])
        var web = try portal.database.connect(.web)
        let tables = try web.rows(
            """
            SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
                AND has_any_column_privilege(c.oid, 'SELECT') AND c.relname NOT IN ('limits', 'schema_version', 'vault_tests')
            """
        ) { try $0.text(0) }
        #expect(tables.count > 12)
        for identity in [nil, "forged", portal.member.id.uuidString] as [String?] {
            web.identity = identity
            for table in tables {
                #expect(try web.rows("SELECT FROM \(identifier: table)") { _ in 0 }.isEmpty, "\(table)")
            }
        }
        web.identity = portal.stranger.session
        #expect(try web.rows("SELECT id FROM jobs") { try $0.uuid(0) }.isEmpty)
        web.identity = portal.member.session
        #expect(try web.rows("SELECT id FROM jobs") { try $0.uuid(0) }.count == 1)
    }

    @Test func everyTableIsGuardedAndEveryDefinersPathIsPinned() throws {
        let portal = try Portal()
        #expect(
            try portal.count(
                """
                SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public'
                AND c.relkind = 'r' AND NOT (relrowsecurity AND relforcerowsecurity) AND relname NOT IN ('tasks', 'schema_version')
                """) == 0)
        #expect(
            try portal.count(
                """
                SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'public'
                AND prosecdef AND NOT coalesce(proconfig::text LIKE '%search_path=pg_catalog, public%', false)
                """) == 0)
        #expect(
            try portal.count(
                "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'batchport%' AND (rolsuper OR rolbypassrls)") == 0)
    }

    @Test(
        arguments: [
            "SELECT sealed FROM credentials", "SELECT ingress FROM credentials", "SELECT next_ingress FROM credentials",
            "SELECT password FROM people",
            "SELECT token_hash FROM sessions", "SELECT token_hash FROM tokens", "SELECT bytes FROM upload_chunks",
            "SELECT * FROM tasks", "SELECT * FROM first_admin_codes", "UPDATE jobs SET status = 'Succeeded'",
            "UPDATE people SET role = 'admin'", "DELETE FROM jobs", "DELETE FROM audit",
            "INSERT INTO results DEFAULT VALUES",
            "UPDATE environments SET deleted_at = now()", "UPDATE environment_versions SET version = 0",
            "UPDATE limits SET value = 0", "SELECT pg_read_file('/etc/passwd')",
        ] as [SQL])
    func theWebRoleMayNot(statement: SQL) throws {
        let portal = try Portal()
        var web = try portal.database.connect(.web)
        web.identity = portal.admin.session
        let error = #expect(throws: PostgresError.self) { try web.execute(statement) }
        #expect(error?.sqlState == "42501")
    }

    @Test func nobodyActsInAnothersName() throws {
        var portal = try Portal()
        let job = try portal.submitted()
        var web = try portal.database.connect(.web)
        web.identity = portal.stranger.session
        let forgeries: [SQL] = [
            "INSERT INTO audit (actor, by_process, action, subject_kind) VALUES (\(portal.member.id), 'web', 'x', 'x')",
            "INSERT INTO links (id, person, kind, job, path) VALUES (\(UUID()), \(portal.member.id), 'download', \(job), 'x')",
            "INSERT INTO links (id, person, kind, job, path) VALUES (\(UUID()), \(portal.stranger.id), 'download', \(job), 'x')",
            """
            INSERT INTO uploads (id, owner, environment, name, size, state)
            VALUES (\(UUID()), \(portal.member.id), \(portal.environment), 'x', 1, 'open')
            """,
            """
            INSERT INTO tokens (token_hash, person, name, hint, scopes, expires_at)
            VALUES (sha256(''), \(portal.member.id), 'x', 'abcd', ARRAY['admin'], now())
            """,
        ]
        for statement in forgeries {
            let error = #expect(throws: PostgresError.self) { try web.execute(statement) }
            #expect(error?.sqlState == "42501")
        }
        #expect(try web.execute("UPDATE jobs SET stop_requested_at = now() WHERE id = \(job)") == 0)
    }
}

/// What each token scope opens, and that nothing else does (trust.md S50).
struct TokenScopeTests {
    @Test func eachScopeOpensItsOwn() throws {
        var portal = try Portal()
        let job = try portal.submitted()
        let asks: [(method: String, path: String, body: JSONValue?, scope: TokenScope)] = [
            ("GET", "/jobs", nil, .jobsRead), ("GET", "/jobs/\(job.uuidString)", nil, .jobsRead),
            ("GET", "/jobs/\(job.uuidString)/log", nil, .jobsRead),
            ("GET", "/jobs/\(job.uuidString)/outputs", nil, .jobsRead),
            ("GET", "/jobs/\(job.uuidString)/result", nil, .jobsRead),
            ("POST", "/jobs", portal.submission(), .jobsSubmit),
            ("POST", "/jobs?validateOnly=true", portal.submission(), .jobsSubmit),
            ("POST", "/uploads", ["environment": "local", "name": "a", "size": 1], .jobsSubmit),
            ("GET", "/environments", nil, .environmentsRead),
            ("GET", "/environments/\(portal.environment.uuidString)", nil, .environmentsRead),
            ("POST", "/jobs/\(job.uuidString)/abort", [:], .jobsAbort),
            ("GET", "/credentials", nil, .credentialsReplace),
        ]
        for scope in TokenScope.allCases {
            try portal.owner("UPDATE tokens SET scopes = \([scope.rawValue]) WHERE person = \(portal.member.id)")
            #expect(try portal.api("GET", "/me").json["scopes"]?.text == "[\"\(scope.rawValue)\"]")
            for ask in asks {
                let answer = try portal.api(
                    ask.method, ask.path, ask.body, [("idempotency-key", UUID().uuidString)])
                #expect(
                    (answer.status == 403) == (scope != ask.scope),
                    "\(scope) \(ask.method) \(ask.path): \(answer.status)")
                #expect(answer.status < 500)
            }
        }
    }

    @Test(
        arguments: [
            "UPDATE tokens SET revoked_at = now()", "UPDATE tokens SET expires_at = now() - interval '1 s'",
            "UPDATE people SET disabled_at = now()",
        ] as [SQL])
    func endsAtOnce(statement: SQL) throws {
        var portal = try Portal()
        #expect(try portal.api("GET", "/me").status == 200)
        try portal.owner(statement)
        #expect(try portal.api("GET", "/me").status == 401)
    }

    @Test func isMadeOnAPageAfterThePasswordAndShownOnce() throws {
        var portal = try Portal()
        let token = try portal.formToken()
        let fields = [("form_token", token), ("name", "cron"), ("scopes", "jobs:read"), ("scopes", "jobs:abort")]
        let answer = try portal.form("/tokens", fields)
        #expect(answer.status == 200)
        let start = try #require(answer.text.firstRange(of: "<code id=\"new-token\">"))
        let secret = String(answer.text[start.upperBound...].prefix(36))
        #expect(TokenSecret.isWellFormed(secret))
        #expect(try !portal.page("/tokens").text.contains(secret))
        #expect(try portal.send("GET", "/api/v1/me", [("authorization", "Bearer " + secret)]).status == 200)
        #expect(try portal.send("GET", "/api/v1/me?token=" + secret).status == 401)
        try portal.owner("UPDATE sessions SET authenticated_at = now() - interval '11 min'")
        #expect(try portal.form("/tokens", fields).status == 422)
        #expect(try portal.form("/tokens", fields + [("your_password", "wrong")]).status == 422)
        #expect(try portal.form("/tokens", fields + [("your_password", Portal.password)]).status == 200)
        #expect(try portal.count("SELECT count(*) FROM audit WHERE action = 'token.made'") == 2)
    }

    @Test func whatMerelyLooksLikeOneIsNone() {
        for text in ["", "bp_", "bp_" + String(repeating: "A", count: 33), "xx_" + String(repeating: "a", count: 33)] {
            #expect(!TokenSecret.isWellFormed(text))
        }
        let token = TokenSecret.fresh()
        #expect(TokenSecret.isWellFormed(token) && !TokenSecret.isWellFormed(String(token.dropLast()) + "!"))
    }
}

extension Answer {
    /// Its headers but for those that differ from answer to answer.
    var names: [String] { headers.fields.filter { $0.name != "X-Request-Id" }.map { $0.name + ": " + $0.value } }
}

extension Portal {
    /// A job that has ended, with one output, as the worker leaves it.
    func addOutput(_ job: UUID, _ path: String = "x.csv", type: String = "text/csv", preview: String? = "a,b\n1,2\n")
        throws
    {
        try worker([
            """
            INSERT INTO outputs (job, path, attempt, key, size, content_type, preview)
            VALUES (\(job), \(path), 1, 'k', 8, \(type), \(preview))
            """
        ])
    }
}

import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// The attacks of trust.md S20 to S24, S57 and S58 on data, over every route that there is.
struct DataAttackTests {
    /// Addresses with something of the member's in place of `*`.
    static func address(_ route: Route, job: UUID, environment: UUID, last: String = "x") -> String {
        let parts = route.pattern.enumerated().map { index, part -> String in
            guard part.hasPrefix("*") else { return part }
            switch index > 0 ? route.pattern[index - 1] : "" {
            case "jobs": return job.lower
            case "environments": return environment.lower
            case "children": return "0"
            default: return part == "**" ? last : UUID().lower
            }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// S20: the roles that serve people and do tasks own nothing, and no view reads with its owner's eyes.
    @Test func nothingBelongsToWhoServes() throws {
        let portal = try Portal()
        let owned: SQL = """
            SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'public' AND r.rolname <> 'batchport_migrate'
            """
        #expect(try portal.count(owned) == 0)
        let views: SQL = """
            SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public'
            AND c.relkind IN ('v', 'm') AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false)
            """
        #expect(try portal.count(views) == 0)
    }

    /// S22: names and keys are everybody's own; that somebody else has used one is not to be seen.
    @Test func nobodysNamesGetInEachOthersWay() throws {
        var portal = try Portal()
        let first = try portal.submit(portal.submission(), key: "the same key")
        let second = try portal.submit(portal.submission(["name": "another"]), key: "the same key", as: portal.stranger)
        #expect(first.status == 201 && second.status == 201)
        #expect(first.json["jobUUID"] != second.json["jobUUID"])
        try portal.worker([
            "INSERT INTO vault_tests (tested_at, ok, detail) VALUES (now(), true, '')"
        ])
        for person in [portal.member, portal.stranger] {
            var browser = Browser(person)
            let fields = [
                ("name", "work"), ("region", "us-local-1"), ("access_key_id", "AKIAIOSFODNN7EXAMPLE"),
                ("secret_access_key", String(repeating: "s", count: 40)),
            ]
            #expect(try browser.act(&portal, "/credentials", fields).status == 303)
            #expect(try browser.act(&portal, "/credentials", fields).status == 422)
            #expect(try browser.act(&portal, "/tokens", [("name", "t"), ("scopes", "jobs:read")]).status == 200)
        }
    }

    /// S23: what only the database has is refused in every body, whoever sends it.
    @Test func noBodySaysMoreThanItMay() throws {
        var portal = try Portal()
        let job = try portal.submitted()
        _ = try portal.api("GET", "/me", as: portal.admin)
        let before = try portal.fingerprint()
        for route in Routes.all {
            guard case .json = route.action, route.isAPI else { continue }
            let path = String(
                Self.address(route, job: job, environment: portal.environment).dropFirst("/api/v1".count))
            for field in ["owner_id", "owner", "role", "tenant", "is_admin", "isAdmin", "created_at", "id"] {
                let answer = try portal.api(
                    route.method, path, .object([.init(field, .string(portal.admin.id.lower))]), as: portal.admin,
                    [("idempotency-key", UUID().uuidString), ("if-match", "\"1\"")])
                #expect((400..<500).contains(answer.status), "\(route.method) \(path) \(field): \(answer.status)")
            }
        }
        #expect(try portal.fingerprint() == before)
        let good = portal.submission(["owner": .string(portal.admin.id.lower)])
        let refused = try portal.submit(good)
        #expect(refused.status == 400 && refused.pointers == ["/owner"])
    }

    static let injections = [
        "'", "''; DROP TABLE jobs; --", "' OR '1'='1", "1) OR (1=1", "\\'; SELECT pg_sleep(9); --", "$1",
        "%27%20OR%201=1",
        "'||(SELECT password FROM people LIMIT 1)||'", "{\"$gt\":\"\"}", "x' UNION SELECT token_hash FROM sessions --",
        "'::uuid", "%", "_", "NULL", "😀'",
    ]

    /// S58: in every query parameter, path and header that a GET reads, as a person who sees nothing but their own.
    @Test func noParameterIsSQL() throws {
        var portal = try Portal()
        let job = try portal.submitted()
        let names = [
            "q", "status", "phase", "environment", "owner", "since", "until", "ids", "cursor", "limit", "after",
            "before",
            "tail", "attempt", "type", "from", "name", "show", "next", "line", "actor", "action", "subject", "show",
        ]
        for route in Routes.all where route.method == "GET" {
            for (index, text) in Self.injections.enumerated() {
                let query = index < 2 ? names : [names[(index * 7) % names.count]]
                let path = Self.address(route, job: job, environment: portal.environment, last: percentEncode(text))
                for name in query {
                    let target = "\(path)?\(name)=\(percentEncode(text))"
                    let answer =
                        route.isAPI
                        ? try portal.api("GET", String(target.dropFirst("/api/v1".count)), as: portal.admin)
                        : try portal.page(target, as: portal.admin, [("user-agent", text)])
                    #expect(answer.status < 500 || answer.status == 503, "\(target): \(answer.status)")
                    #expect(!answer.text.contains("scrypt$"), "\(target)")
                }
            }
        }
        #expect(try portal.count("SELECT count(*) FROM jobs") == 1)
        for text in Self.injections {
            var browser = Browser()
            let answer = try browser.signIn(&portal, text, "x")
            #expect(answer.status == 422)
        }
    }

    /// S57: what nobody foresaw says nothing but that it was logged, on pages and in the API alike.
    @Test func anUnforeseenErrorTellsNothing() throws {
        var portal = try Portal()
        let job = try portal.submitted()
        try portal.owner("ALTER TABLE jobs RENAME COLUMN name TO gone")
        var failed = 0
        for route in Routes.all where route.method == "GET" {
            let path = Self.address(route, job: job, environment: portal.environment)
            let answer =
                route.isAPI
                ? try portal.api("GET", String(path.dropFirst("/api/v1".count)), as: portal.admin)
                : try portal.page(path, as: portal.admin)
            guard answer.status == 500 else { continue }
            failed += 1
            for word in ["column", "jobs.name", "42703", "SELECT", "PostgresError", "gone", ".swift"] {
                #expect(!answer.text.contains(word), "\(path) says \(word)")
            }
        }
        #expect(failed >= 10)
    }
}

extension Portal {
    /// Changes with any row of what people own.
    fileprivate func fingerprint() throws -> [Int] {
        try [
            "people", "sessions", "tokens", "jobs", "environments", "environment_grants", "teams", "credentials",
            "uploads",
        ]
        .map { table in
            try count("SELECT coalesce(sum(hashtext(t::text)::bigint), 0)::bigint FROM \(identifier: table) t")
        }
    }
}

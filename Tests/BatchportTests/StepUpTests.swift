import FoundationEssentials
import HTTP
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// Every form that there is, sent from a session whose last proof is eleven minutes old (trust.md S8).
struct StepUpTests {
    /// Which may be sent all the same: what is one's own work, or takes something away from oneself.
    static let harmless: Set<String> = [
        "/sign-out", "/theme", "/settings/name", "/settings/sessions/*/end", "/settings/sessions/end-others",
        "/credentials/*/check", "/credentials/*/delete", "/credentials/external-ids", "/tokens/*/revoke",
        "/admin/invitations/*/withdraw",
        "/admin/services/*/tokens/*/revoke", "/environments/*/check", "/environments/import", "/uploads", "/aborts",
        "/jobs/*/abort", "/jobs/*/delete", "/jobs/*/children/*/abort",
    ]

    /// What the form says, where it would be refused for another reason first.
    static let fields: [String: [(String, String)]] = [
        "/admin/people/*/role": [("role", "admin")], "/admin/people/*/disable": [("jobs", "finish")],
        "/admin/teams/*/name": [("name", "x")], "/admin/teams/*/services": [("service_name", "x")],
        "/admin/limits": [("token.days", "30")], "/admin/vault/rotations": [("kind", "owners")],
        "/environments/*/enabled": [("enabled", "yes")],
    ]

    @Test func whatIsDangerousIsRefused() throws {
        var portal = try Portal()
        let (team, service) = (UUID(), UUID())
        try portal.worker(["INSERT INTO vault_tests (tested_at, ok, detail) VALUES (now(), true, '')"])
        try portal.owner("INSERT INTO teams (id, name) VALUES (\(team), 'genomics')")
        try portal.owner(
            """
            INSERT INTO people (id, email, name, role, password, kind, team)
            VALUES (\(service), 'service:x', 'x', 'member', '', 'service', \(team))
            """)
        _ = try portal.giveFactor(portal.admin)
        try portal.owner("UPDATE sessions SET authenticated_at = now() - interval '11 min'")
        var (admin, checked) = (Browser(portal.admin), 0)
        for route in Routes.all {
            guard case .form = route.action, route.rule != .anyone else { continue }
            let pattern = "/" + route.pattern.joined(separator: "/")
            if Self.harmless.contains(pattern) || pattern == "/settings/second-factor" { continue }
            let known = [
                "people": portal.member.id, "teams": team, "services": service, "environments": portal.environment,
                "credentials": portal.credential,
            ]
            let path = route.pattern.enumerated().map { index, part in
                part == "*" ? known[route.pattern[index - 1]]?.lower ?? UUID().lower : part
            }
            let answer = try admin.act(&portal, "/" + path.joined(separator: "/"), Self.fields[pattern] ?? [])
            #expect(
                answer.status == 422 && answer.text.contains("more than ten minutes have passed"),
                "\(pattern): \(answer.status)")
            checked += 1
        }
        #expect(checked >= 18)
        var owner = try portal.database.connect(.superuser)
        // The present password, which was not given, counts as a wrong one.
        #expect(try owner.rows("SELECT action FROM audit") { try $0.text(0) } == ["signIn.failed"])
        #expect(try portal.count("SELECT count(*) FROM environments WHERE version > 1 OR deleted_at IS NOT NULL") == 0)
    }

    /// A new authenticator is set up with the proof of the one before.
    @Test func anAuthenticatorIsNotReplacedWithoutProof() throws {
        var portal = try Portal()
        try portal.owner("UPDATE sessions SET authenticated_at = now() - interval '11 min'")
        var member = Browser(portal.member)
        let page = try member.get(&portal, "/settings/second-factor")
        let answer = try member.post(
            &portal, "/settings/second-factor", [("secret", page.field("secret") ?? ""), ("code", "000000")], from: page
        )
        #expect(answer.status == 422 && answer.text.contains("more than ten minutes have passed"))
        #expect(try portal.count("SELECT count(*) FROM people WHERE factor IS NOT NULL") == 0)
    }

    /// A button without room for the proof leads to a page that asks for it, and then does what was asked.
    @Test func aButtonLeadsToAPageThatAsks() throws {
        var portal = try Portal()
        let secret = try portal.giveFactor(portal.admin)
        try portal.owner("UPDATE sessions SET authenticated_at = now() - interval '11 min'")
        try portal.owner(
            """
            UPDATE environments SET job_definition = 'arn:aws:batch:us-local-1:000000000000:job-definition/d',
                job_queue = 'arn:aws:batch:us-local-1:000000000000:job-queue/q'
            """)
        var admin = Browser(portal.admin)
        let path = "/environments/\(portal.environment.lower)/enabled"
        let page = try admin.act(&portal, path, [("enabled", "no"), ("disabledMessage", "until <Monday>")])
        #expect(page.status == 422 && page.field("disabledMessage") == "until &lt;Monday&gt;")
        #expect(try portal.count("SELECT count(*) FROM environments WHERE enabled") == 1)
        let done = try admin.post(
            &portal, path,
            [("enabled", "no"), ("disabledMessage", "until Monday"), ("your_password", portal.code(secret))], from: page
        )
        #expect(done.status == 303)
        #expect(try portal.count("SELECT count(*) FROM environments WHERE enabled") == 0)
    }
}

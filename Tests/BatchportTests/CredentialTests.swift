import Batchport
import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import TestSupport
import Testing

/// Secrets go in and never come out (trust.md S8, S28, S30, S31).
struct CredentialTests {
    private static let secret = "CANARYcanaryCANARYcanaryCANARYcanary/+12"

    private func fields(_ token: String, _ changes: [String: String] = [:]) -> [(String, String)] {
        let basis = [
            ("name", "lab key"), ("region", "eu-central-1"), ("access_key_id", " AKIAIOSFODNN7EXAMPLE "),
            ("secret_access_key", Self.secret), ("session_token", ""), ("is_default", "yes"),
        ]
        return [("form_token", token)] + basis.map { ($0.0, changes[$0.0] ?? $0.1) }
    }

    private func opened(_ portal: borrowing Portal) throws {
        try portal.worker([
            "INSERT INTO vault_tests VALUES (true, now(), true, '') ON CONFLICT (single) DO UPDATE SET tested_at = now()"
        ])
    }

    @Test func isSealedCheckedAndNeverShown() throws {
        var portal = try Portal()
        try opened(portal)
        let token = try portal.formToken()
        #expect(try portal.form("/credentials", fields(token)).status == 303)
        let page = try portal.page("/credentials").text
        #expect(page.contains("lab key") && page.contains("ending MPLE") && !page.contains("CANARY"))
        #expect(!page.contains("AKIAIOSFODNN7EXAMPLE"))
        #expect(try portal.count("SELECT count(*) FROM tasks WHERE kind = 'checkCredential'") == 1)
        #expect(
            try portal.count(
                "SELECT count(*) FROM audit WHERE action = 'credential.added' AND actor = \(portal.member.id)") == 1)
        let ingress = try portal.count(
            "SELECT count(*) FROM credentials WHERE sealed IS NULL AND get_byte(ingress, 0) = 1 AND position('CANARY'::bytea in ingress) = 0 AND name = 'lab key'"
        )
        #expect(ingress == 1)
        #expect(try portal.form("/credentials", fields(token)).text.contains("a credential of this name already"))
        #expect(try !portal.page("/credentials", as: portal.stranger).text.contains("lab key"))
    }

    @Test func whatDoesNotFitIsSaidAndTheSecretNotSentBack() throws {
        var portal = try Portal()
        try opened(portal)
        let token = try portal.formToken()
        let unfit = [
            ("name", ""), ("region", "x@evil:443/#"), ("region", "eu-central-1\n"), ("region", "EU-central-1"),
            ("region", "eu"),
            ("access_key_id", "short"), ("access_key_id", "akiaiosfodnn7example"), ("secret_access_key", "short"),
            ("session_token", String(repeating: "x", count: 8193)),
        ]
        for (name, value) in unfit {
            let answer = try portal.form("/credentials", fields(token, [name: value]))
            #expect(answer.status == 422 && answer.text.contains("id=\"\(name)-error\""), "\(name) \(value.prefix(20))")
            #expect(!answer.text.contains("CANARY"))
        }
        #expect(try portal.count("SELECT count(*) FROM credentials WHERE name = 'lab key'") == 0)
    }

    @Test func aClosedVaultTakesNothing() throws {
        var portal = try Portal()
        let token = try portal.formToken()
        let answer = try portal.form("/credentials", fields(token))
        #expect(answer.status == 503 && answer.headers.first("retry-after") != nil)
        try opened(portal)
        try portal.worker(["UPDATE vault_tests SET tested_at = now() - interval '61 s'"])
        #expect(try portal.form("/credentials", fields(token)).status == 503)
        #expect(try portal.page("/credentials").text.contains("The vault is closed just now."))
        #expect(try portal.send("GET", "/readyz").json["vault"]?.bool == false)
        #expect(try portal.page("/jobs").status == 200)
        #expect(try portal.count("SELECT count(*) FROM credentials WHERE name = 'lab key'") == 0)
    }

    @Test func anOldProofAsksForThePassword() throws {
        var portal = try Portal()
        try opened(portal)
        try portal.owner("UPDATE sessions SET authenticated_at = now() - interval '11 min'")
        let token = try portal.formToken()
        #expect(try portal.form("/credentials", fields(token)).status == 422)
        #expect(try portal.form("/credentials", fields(token) + [("your_password", "no")]).status == 422)
        #expect(try portal.count("SELECT failures FROM people WHERE id = \(portal.member.id)") == 1)
        #expect(try portal.form("/credentials", fields(token) + [("your_password", Portal.password)]).status == 303)
    }

    @Test func deletingTakesTheSecretAtOnceUnlessAnEnvironmentSigns() throws {
        var portal = try Portal()
        try opened(portal)
        let token = try portal.formToken()
        _ = try portal.form("/credentials", fields(token))
        var web = try portal.database.connect(.web)
        web.identity = portal.member.session
        let id = try #require(try web.row("SELECT id FROM credentials") { try $0.uuid(0) })
        let path = "/credentials/\(id.uuidString)"
        let strangers = try portal.formToken(as: portal.stranger)
        #expect(try portal.form(path + "/delete", [("form_token", strangers)], as: portal.stranger).status == 404)
        #expect(try portal.form(path + "/check", [("form_token", strangers)], as: portal.stranger).status == 404)
        #expect(try portal.form(path + "/delete", [("form_token", token)]).status == 303)
        #expect(
            try portal.count(
                "SELECT count(*) FROM credentials WHERE id = \(id) AND ingress IS NULL AND deleted_at IS NOT NULL") == 1
        )
        #expect(try portal.form(path + "/delete", [("form_token", token)]).status == 404)
        let admins = try portal.formToken(as: portal.admin)
        let shared = try portal.form(
            "/credentials/\(portal.credential.uuidString)/delete", [("form_token", admins)], as: portal.admin)
        #expect(shared.status == 409 && shared.text.contains("local"))
    }
}

/// Environments, and who may have them checked.
struct EnvironmentTests {
    @Test func onlyAnAdminHasItChecked() throws {
        var portal = try Portal()
        let path = "/environments/\(portal.environment.uuidString)"
        #expect(try portal.api("POST", path + "/check", [:]).status == 404)
        #expect(try portal.form(path + "/check", [("form_token", try portal.formToken())]).status == 404)
        #expect(try portal.api("POST", path + "/check", [:], as: portal.admin).status == 202)
        #expect(
            try portal.form(path + "/check", [("form_token", try portal.formToken(as: portal.admin))], as: portal.admin)
                .status == 303)
        #expect(try portal.count("SELECT count(*) FROM tasks WHERE kind = 'checkEnvironment'") == 1)
        #expect(try portal.count("SELECT count(*) FROM audit WHERE action = 'environment.check'") == 2)
        #expect(try !portal.page(path).text.contains("Check now"))
        #expect(try portal.page(path, as: portal.admin).text.contains("Check now"))
    }

    @Test func saysWhatTheLastCheckSaw() throws {
        var portal = try Portal()
        try portal.worker([
            """
            UPDATE environments SET healthy = false, findings =
                '[{"name":"Bucket","ok":false,"detail":"It does not exist.","remedy":"Make it."}]'
            """
        ])
        let page = try portal.page("/environments/\(portal.environment.uuidString)")
        for text in ["<title>Needs mending – local", "It does not exist.", "Make it.", "not AWS"] {
            #expect(page.text.contains(text), "\(text)")
        }
        let answer = try portal.api("GET", "/environments/local/check")
        #expect(answer.json["findings"]?[0]?["remedy"]?.string == "Make it.")
        #expect(try portal.api("GET", "/environments").json["items"]?.array?.count == 1)
        try portal.owner("UPDATE environment_grants SET person = \(portal.stranger.id)")
        #expect(try portal.api("GET", "/environments").json["items"]?.array?.count == 0)
        #expect(try portal.api("GET", "/environments/local").status == 404)
        #expect(try portal.page("/environments/\(portal.environment.uuidString)").status == 404)
    }
}

import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// Whose credentials stand behind an environment that others use: what is said before they go, and of what is gone.
struct BehindTests {
    /// Another admin disables the one whose credential signs.
    private func disableItsOwner(_ portal: inout Portal) throws -> Browser {
        try portal.owner("UPDATE people SET role = 'admin' WHERE id = \(portal.stranger.id)")
        try portal.owner("UPDATE environments SET custodian = \(portal.credential)")
        var admin = Browser(portal.stranger)
        let path = "/admin/people/\(portal.admin.id.lower)"
        let page = try admin.get(&portal, path)
        #expect(page.text.contains("Stands behind") && page.text.contains("signs, custodian"))
        #expect(page.text.components(of: "Their credentials stand behind local.") == 2)
        #expect(try admin.act(&portal, path + "/disable", [("jobs", "finish")]).status == 303)
        return admin
    }

    @Test func nobodyIsDeletedFromUnderAnEnvironment() throws {
        var portal = try Portal()
        var admin = try disableItsOwner(&portal)
        let path = "/admin/people/\(portal.admin.id.lower)"
        let refused = try admin.act(&portal, path + "/delete")
        #expect(refused.status == 422)
        #expect(refused.text.contains("The environment local uses a credential of theirs. Give it another one first."))
        #expect(try portal.count("SELECT count(*) FROM people WHERE deleted_at IS NOT NULL") == 0)
        #expect(try portal.count("SELECT count(*) FROM credentials WHERE deleted_at IS NOT NULL") == 0)
        #expect(try portal.count("SELECT count(*) FROM audit WHERE action = 'person.deleted'") == 0)
        #expect(try portal.submit(portal.submission()).status == 201)
        // The custodian alone is enough.
        try portal.owner("UPDATE environments SET service_object = 'automatic', credential = NULL")
        #expect(try admin.act(&portal, path + "/delete").status == 422)
        try portal.owner("UPDATE environments SET custodian = NULL")
        #expect(try admin.act(&portal, path + "/delete").status == 303)
    }

    /// One that lost them before says so, on its page, in the API, and before anything is sent.
    @Test func anEnvironmentThatLostItsIdentitySaysSo() throws {
        var portal = try Portal()
        try portal.owner("UPDATE environments SET custodian = \(portal.credential)")
        #expect(try portal.page("/environments/\(portal.environment.lower)").text.contains("Works"))
        try portal.owner("UPDATE credentials SET deleted_at = now() WHERE id = \(portal.credential)")
        let page = try portal.page("/environments/\(portal.environment.lower)").text
        #expect(!page.contains("Works") && page.contains("2 to mend"))
        #expect(page.contains("The shared credential that signs here was deleted"))
        #expect(page.contains("custodian’s credential was deleted") && !page.contains("A custodian tracks"))
        #expect(try !portal.page("/environments").text.contains("Works"))
        #expect(try portal.api("GET", "/environments/local").json["health"]?["healthy"]?.bool == false)
        let key = [("idempotency-key", "x")]
        let tried = try portal.api("POST", "/jobs?validateOnly=true", portal.submission(), as: nil, key)
        #expect(tried.pointers == ["/environment"] && tried.text.contains("signs with was deleted"))
        let sent = try portal.submit(portal.submission())
        #expect(sent.status == 422 && sent.pointers == ["/environment"])
    }

    /// Grants that go with a team are a version of each environment, and the trail says which team it was.
    @Test func aTeamsGrantsGoByAVersion() throws {
        var portal = try Portal()
        let team = UUID()
        try portal.owner("INSERT INTO teams (id, name) VALUES (\(team), 'genomics')")
        try portal.owner(
            "INSERT INTO environment_grants (environment, team, sees) VALUES (\(portal.environment), \(team), 'team')")
        var admin = Browser(portal.admin)
        #expect(try admin.act(&portal, "/admin/teams/\(team.lower)/delete").status == 303)
        #expect(try portal.count("SELECT count(*) FROM environment_grants") == 1)
        #expect(try portal.count("SELECT version FROM environments") == 2)
        #expect(
            try portal.count(
                """
                SELECT count(*) FROM environment_versions
                WHERE version = 2 AND by = \(portal.admin.id) AND document->>'grants' NOT LIKE '%genomics%'
                """) == 1)
        #expect(
            try portal.count(
                "SELECT count(*) FROM audit WHERE action = 'team.deleted' AND detail->>'name' = 'genomics'") == 1)
        #expect(
            try portal.count(
                "SELECT count(*) FROM audit WHERE action = 'environment.changed' AND detail->'changes' ? 'grants'") == 1
        )
    }
}

extension String {
    fileprivate func components(of part: String) -> Int { ranges(of: part).count }
}

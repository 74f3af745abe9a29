import Batchport
import FoundationEssentials
import HTTP
import PostgreSQL
import Testing

/// Setting up AWS, in the order of jobs.md's last section: who Batchport is, the stack, its role, its outputs, the check,
/// a test job.
struct SetUpTests {
    private static let account = "123456789012"

    @Test func eachStepHasWhatItNeedsFromThoseBefore() throws {
        var portal = try Portal()
        try portal.worker([
            "INSERT INTO portal_identity (arn, account, checked_at) VALUES ('arn:aws:iam::999999999999:user/portal', '999999999999', now())"
        ])
        let first = try portal.page("/environments/set-up", as: portal.admin).text
        #expect(first.contains("PortalPrincipal=arn:aws:iam::999999999999:user/portal ExternalId=ID"))
        let token = try portal.formToken(as: portal.admin)
        let made = try portal.form(
            "/credentials/external-ids", [("form_token", token), ("account", Self.account), ("from", "set-up")],
            as: portal.admin)
        let path = try #require(made.headers.first("location"))
        #expect(made.status == 303 && path == "/environments/set-up?account=" + Self.account)
        let page = try portal.page(path, as: portal.admin).text
        let start = try #require(page.firstRange(of: "id=\"external-id\">"))
        let externalID = String(page[start.upperBound...].prefix { $0 != "<" })
        #expect(externalID.utf8.count == 40)
        let order = [
            "<code id=\"portal-arn\">", "<code id=\"external-id\">", "ExternalId=" + externalID,
            "/credentials/roles?from=set-up&amp;account=" + Self.account, "name=\"stackName\"", "name=\"outputs\"",
            "id=\"step-6\"", "/jobs/new?name=test%20job&amp;language=python&amp;source=",
        ]
        let places = order.map { page.firstRange(of: $0)?.lowerBound }
        #expect(!places.contains(nil), "\(zip(order, places).filter { $0.1 == nil })")
        #expect(places.compactMap(\.self) == places.compactMap(\.self).sorted())
    }

    @Test func theRolesFormLeadsBack() throws {
        var portal = try Portal()
        try portal.worker(["INSERT INTO vault_tests (tested_at, ok, detail) VALUES (now(), true, '')"])
        let token = try portal.formToken(as: portal.admin)
        let from = [("form_token", token), ("from", "set-up")]
        _ = try portal.form("/credentials/external-ids", from + [("account", Self.account)], as: portal.admin)
        let form = try portal.page("/credentials/roles?from=set-up&account=" + Self.account, as: portal.admin)
        #expect(form.field("from") == "set-up")
        let role = [
            ("name", "stack"), ("region", "eu-central-1"), ("role_arn", "arn:aws:iam::\(Self.account):role/batchport"),
        ]
        let added = try portal.form("/credentials/roles", from + role, as: portal.admin)
        #expect(added.status == 303, "\(added.text)")
        #expect(added.headers.first("location") == "/environments/set-up?account=" + Self.account)
    }

    @Test func anEnvironmentsPageOffersATestJobFilledIn() throws {
        var portal = try Portal()
        let path = "/environments/\(portal.environment.uuidString.lowercased())"
        #expect(
            try portal.page(path, as: portal.admin).text.contains(
                "environment=local&amp;name=test%20job&amp;language=python"))
        try portal.owner("UPDATE environments SET definition = definition - 'tags'")
        let page = try portal.page(path, as: portal.admin).text
        let link = try #require(page.firstRange(of: "/jobs/new?environment=local&amp;name=test"))
        let address = String(page[link.lowerBound...].prefix { $0 != "\"" }).replacing("&amp;", with: "&")
        let form = try portal.page(address).text
        #expect(form.contains(">\necho\nIt works.</textarea>") && form.contains("value=\"command\" checked"))
    }
}

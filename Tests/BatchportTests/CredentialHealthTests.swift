import FoundationEssentials
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// The admins' page of everybody's credentials.
struct CredentialHealthTests {
    @Test func saysWhoseAndHowTheyStandAndNoSecret() throws {
        var portal = try Portal()
        try portal.owner(
            """
            UPDATE credentials SET health = 'refused', health_detail = 'AWS refused it <b>.', arn = 'arn:aws:iam::1:user/x'
            """)
        try portal.owner(
            """
            INSERT INTO credentials (owner, name, kind, access_key_hint, region, health, account)
            VALUES (\(portal.member.id), 'mine', 'accessKey', 'ABCD', 'us-local-1', 'ok', '000000000000')
            """)
        _ = try portal.submitted()
        let page = try portal.page("/admin/credentials", as: portal.admin).text
        for text in [
            "<title>1 refused – Credentials", "Ada Admin", "AWS refused it &lt;b&gt;.", "arn:aws:iam::1:user/x",
            "ending WXYZ", ">local</a>", "1 unsettled job", "Mia &lt;b&gt;Member", "account 000000000000",
            "nothing now",
        ] { #expect(page.contains(text), "\(text)") }
        let (first, second) = (page.firstRange(of: "WXYZ"), page.firstRange(of: "ABCD"))
        #expect(try #require(first).lowerBound < #require(second).lowerBound)
        #expect(try portal.page("/admin/credentials").status == 404)
        var web = try portal.database.connect(.web)
        web.identity = portal.member.session
        #expect(try web.rows("SELECT id FROM credential_facts(NULL, 10)") { try $0.uuid(0) }.isEmpty)
    }

    @Test func isReadPageByPage() throws {
        var portal = try Portal()
        try portal.owner("UPDATE limits SET value = most WHERE name = 'credential.mostPerPerson'")
        try portal.owner(
            """
            INSERT INTO credentials (owner, name, kind, access_key_hint, region)
            SELECT \(portal.member.id), 'key ' || n, 'accessKey', 'ABCD', 'us-local-1' FROM generate_series(1, 149) n
            """)
        let first = try portal.page("/admin/credentials", as: portal.admin).text
        let start = try #require(first.firstRange(of: "/admin/credentials?after="))
        let path = String(first[start.lowerBound...].prefix { $0 != "\"" })
        let second = try portal.page(path, as: portal.admin).text
        #expect(first.split(separator: "<tr role=\"row\"><th role=\"rowheader\"").count == 101)
        #expect(second.split(separator: "<tr role=\"row\"><th role=\"rowheader\"").count == 51)
        #expect(!second.contains("More credentials"))
    }
}

import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// Reading the audit trail, on the page and over the API: for admins.
struct AuditPageTests {
    private func seal(_ portal: borrowing Portal) throws {
        var worker = try portal.database.connect(.worker)
        while try worker.sealAudit(AuditChain(key: Portal.pepper)) > 0 {}
    }

    @Test func isForAdminsOnly() throws {
        var portal = try Portal()
        for path in ["/admin/audit", "/admin/audit/export"] {
            #expect(try portal.page(path).bytes == portal.page("/admin/nothing").bytes)
            #expect(try portal.page(path, as: portal.admin).status == 200)
        }
        #expect(try portal.api("GET", "/admin/audit").status == 404)
        #expect(try portal.api("GET", "/admin/audit", as: portal.admin).status == 200)
        try portal.owner("UPDATE tokens SET scopes = ARRAY['jobs:read'] WHERE person = \(portal.admin.id)")
        #expect(try portal.api("GET", "/admin/audit", as: portal.admin).status == 403)
    }

    @Test func tellsWhoCancelledWhat() throws {
        var portal = try Portal()
        let job = try portal.submitted()
        #expect(try portal.api("POST", "/jobs/\(job.uuidString)/abort", ["reason": "too slow"]).status == 202)
        let found = try portal.api("GET", "/admin/audit?action=job.abort", as: portal.admin).json["items"]?.array
        let entry = try #require(found?.first)
        #expect(found?.count == 1)
        #expect(entry["actor"]?["name"]?.string == portal.member.name)
        #expect(entry["subject"]?["id"]?.string == job.lower)
        #expect(entry["detail"]?["reason"]?.string == "too slow")
        #expect(entry["seq"] == .null)
        try seal(portal)
        let sealed = try portal.api("GET", "/admin/audit?subject=\(job.lower)", as: portal.admin).json["items"]?.array
        #expect(sealed?.compactMap { $0["seq"]?.integer } == [2, 1])
        let page = try portal.page("/admin/audit?actor=MIA@example.org&action=job.", as: portal.admin)
        #expect(page.text.contains("job.abort") && page.text.contains("too slow"))
        #expect(page.text.contains("Mia &lt;b&gt;Member") && !page.text.contains("<b>Member"))
    }

    @Test func isReadPageByPageWhileItGrows() throws {
        var portal = try Portal()
        for n in 0..<7 {
            try portal.owner(Audit.entry(by: nil, "test.\(n)", on: "site", nil, from: .admin))
        }
        var (seen, path): ([String], String?) = ([], "/admin/audit?limit=3")
        while let next = path {
            let answer = try portal.api("GET", next, as: portal.admin).json
            seen += (answer["items"]?.array ?? []).compactMap { $0["action"]?.string }
            try portal.owner(Audit.entry(by: nil, "late", on: "site", nil, from: .admin))
            path = answer["nextCursor"]?.string.map { "/admin/audit?limit=3&cursor=" + $0 }
        }
        #expect(seen == (0..<7).reversed().map { "test.\($0)" })
    }

    @Test func isExportedAndTheExportIsAudited() throws {
        var portal = try Portal()
        _ = try portal.submitted()
        try seal(portal)
        let lines = try portal.page("/admin/audit/export?format=jsonl", as: portal.admin)
        #expect(lines.headers.first("content-disposition") == "attachment; filename=\"audit.jsonl\"")
        var verification = AuditVerification(AuditChain(key: Portal.pepper))
        for line in lines.text.split(separator: "\n") { try verification.take(exported: String(line)) }
        #expect(verification.seq == 1)
        let csv = try portal.page("/admin/audit/export?format=csv&action=job.", as: portal.admin)
        #expect(csv.text.split(separator: "\r\n").count == 2)
        #expect(try portal.count("SELECT count(*) FROM audit WHERE action = 'audit.exported'") == 2)
        #expect(try portal.page("/admin/audit/export?format=xml", as: portal.admin).status == 400)
    }

    /// Parts that follow each other are the whole trail; a part alone never looks like it.
    @Test(arguments: ["jsonl", "csv"])
    func anExportThatIsCutSaysSo(format: String) throws {
        var portal = try Portal()
        for n in 0..<5 { try portal.owner(Audit.entry(by: nil, "test.\(n)", on: "site", nil, from: .admin)) }
        try seal(portal)
        try portal.owner("UPDATE limits SET value = 2 WHERE name = 'audit.exportRows'")
        #expect(try portal.page("/admin/audit", as: portal.admin).text.contains("2 entries each at most"))
        var (parts, path): ([String], String?) = ([], "/admin/audit/export?format=\(format)&action=test.")
        while let next = path, parts.count < 9 {
            let answer = try portal.page(next, as: portal.admin)
            parts.append(answer.text)
            path = answer.headers.first("link").map { String($0.dropFirst().prefix { $0 != ">" }) }
            #expect(path.map { answer.text.contains($0) } ?? !answer.text.contains("/admin/audit/export"), "\(next)")
        }
        #expect(parts.count == 3)
        for n in 0..<5 { #expect(parts[n / 2].contains("test.\(n)")) }
        guard format == "jsonl" else { return }
        var whole = AuditVerification(AuditChain(key: Portal.pepper))
        for line in parts.joined().split(separator: "\n") { try whole.take(exported: String(line)) }
        try whole.finish()
        #expect(whole.seq == 5)
        var part = AuditVerification(AuditChain(key: Portal.pepper))
        for line in parts[0].split(separator: "\n") { try part.take(exported: String(line)) }
        #expect { try part.finish() } throws: { ($0 as? AuditVerification.Fault)?.seq == 3 }
    }

    @Test(arguments: [
        ("since=yesterday", ["/since"]), ("since=2026-02-30&until=x&subject=1", ["/since", "/until", "/subject"]),
        ("cursor=-1", ["/cursor"]), ("cursor=x", ["/cursor"]), ("limit=201", ["/limit"]), ("who=x", ["/who"]),
        ("actor=" + String(repeating: "a", count: 255), ["/actor"]),
    ])
    func badInputIsNamed(query: String, pointers: [String]) throws {
        var portal = try Portal()
        let answer = try portal.api("GET", "/admin/audit?" + query, as: portal.admin)
        #expect(answer.status == 400 && answer.pointers == pointers, "\(answer.text)")
        guard !query.hasPrefix("limit"), !query.hasPrefix("who") else { return }
        let page = try portal.page("/admin/audit?" + query, as: portal.admin)
        #expect([400, 422].contains(page.status))
    }
}

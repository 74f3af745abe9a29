import HTTP
import JSON
import PostgreSQL

/// The audit trail, for admins: search, and files to keep.
enum AuditPages {
    static let routes: [Route] = [
        .get("/admin/audit", .admin, show),
        .get("/admin/audit/export", .admin, export).costly,
        .get("/api/v1/admin/audit", .adminToken(.admin), list),
    ]

    private static func show(_ call: Call, _ scope: inout Scope) throws -> Response {
        let filter = try AuditFilter(call.request.query)
        var view = AuditView(filter: filter, assets: scope.site.assets, now: scope.site.now())
        if filter.problems.isEmpty {
            let answers = try scope.database.pipeline([filter.query, "SELECT seq, sealed_at FROM audit_head"])
            view.page = AuditPage(try answers[0].rows { try AuditEntry($0) }, limit: filter.limit)
            view.head = try answers[1].row { (seq: try $0.int(0), at: try $0.milliseconds(1)) }
            view.mostExported = try scope.database.siteLimit("audit.exportRows", else: 50_000)
        }
        return Page(
            title: "Audit", content: view.content, status: filter.problems.isEmpty ? 200 : 422, section: "Admin"
        ).response(in: scope)
    }

    /// What is sealed and fits the filter, oldest first, behind the entry that `after` names. Where there is more than one
    /// part holds, a Link header and the last line name the next part: an export that was cut never looks whole.
    private static func export(_ call: Call, _ scope: inout Scope) throws -> Response {
        let filter = try AuditFilter(call.request.query)
        guard filter.problems.isEmpty else { throw Failure.unfit(filter.problems) }
        let wanted = try call.request.query.one("format") ?? "jsonl"
        guard let format = AuditExport.Format(rawValue: wanted) else {
            throw Failure.unreadable(
                "The format must be jsonl or csv.", [.init("/format", "unknown", "No such format.")])
        }
        let after = try Numbers.one("after", in: call.request.query, 0...Int(Int64.max)) ?? 0
        let most = try scope.database.siteLimit("audit.exportRows", else: 50_000)
        let actor = try scope.identity().person
        let answers = try scope.database.pipeline([
            Audit.entry(
                by: actor, "audit.exported", on: "site", nil,
                detail: ["filter": .string(filter.parameters), "after": JSONValue(after)]),
            """
            SELECT a.line, a.mac, a.seq FROM audit a WHERE a.seq > \(after) AND \(fragment: filter.conditions)
            ORDER BY a.seq LIMIT \(most + 1)
            """,
        ])
        let found = try answers[1].rows {
            (line: AuditExport.line(try $0.text(0), try $0.bytes(1), format), seq: try $0.int(2))
        }
        var text = format.heading + found.prefix(most).map(\.line).joined()
        var response = Response(status: 200)
        if found.count > most, let last = found.prefix(most).last {
            let next = "/admin/audit/export?\(filter.address(format))&after=\(last.seq)"
            text += AuditExport.continuation(next, format)
            response.headers.set("Link", "<\(next)>; rel=\"next\"")
        }
        response.body = .bytes(Array(text.utf8))
        response.headers.set("Content-Type", format.contentType)
        let part = after == 0 ? "" : "-after-\(after)"
        response.headers.set("Content-Disposition", attachment(named: "audit\(part).\(format.rawValue)"))
        response.headers.set("Content-Security-Policy", "default-src 'none'; sandbox")
        return response
    }

    private static func list(_ call: Call, _ scope: inout Scope) throws -> Response {
        try Parameters.only(AuditFilter.names.union(["limit"]), in: call.request.query)
        var filter = try AuditFilter(call.request.query)
        guard filter.problems.isEmpty else {
            throw Failure.unreadable("Some parameters cannot be read.", filter.problems)
        }
        filter.limit = try Numbers.one("limit", in: call.request.query, 1...200) ?? 50
        let page = AuditPage(try scope.database.rows(filter.query) { try AuditEntry($0) }, limit: filter.limit)
        return .json([
            "items": .array(page.entries.map(\.json)), "nextCursor": JSONValue(page.next.map { String($0) }),
        ])
    }
}

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
        }
        return Page(
            title: "Audit", content: view.content, status: filter.problems.isEmpty ? 200 : 422, section: "Admin"
        ).response(in: scope)
    }

    /// What is sealed and fits the filter, oldest first; with `next` where there is more than one export holds.
    private static func export(_ call: Call, _ scope: inout Scope) throws -> Response {
        let filter = try AuditFilter(call.request.query)
        guard filter.problems.isEmpty else { throw Failure.unfit(filter.problems) }
        let wanted = try call.request.query.one("format") ?? "jsonl"
        guard let format = AuditExport.Format(rawValue: wanted) else {
            throw Failure.unreadable(
                "The format must be jsonl or csv.", [.init("/format", "unknown", "No such format.")])
        }
        let actor = try scope.identity().person
        let answers = try scope.database.pipeline([
            Audit.entry(by: actor, "audit.exported", on: "site", nil, detail: ["filter": .string(filter.parameters)]),
            """
            SELECT a.line, a.mac FROM audit a WHERE a.seq IS NOT NULL AND \(fragment: filter.conditions)
            ORDER BY a.seq LIMIT site_limit('audit.exportRows')
            """,
        ])
        let lines = try answers[1].rows { AuditExport.line(try $0.text(0), try $0.bytes(1), format) }
        var response = Response(status: 200, body: .bytes(Array((format.heading + lines.joined()).utf8)))
        response.headers.set("Content-Type", format.contentType)
        response.headers.set("Content-Disposition", attachment(named: "audit.\(format.rawValue)"))
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

import HTTP
import JSON
import PostgreSQL

/// The list of jobs over JSON: every filter by name, pages by cursor.
enum JobListAPI {
    static let routes: [Route] = [
        .get("/api/v1/jobs", .token(.jobsRead), asking: { call in [try filter(call).query] }, list)
    ]

    private static func filter(_ call: Call) throws -> JobFilter { try JobListRequest(call.request.query).checked() }

    private static func list(_ call: Call, _ answers: [QueryResult], _ scope: inout Scope) throws -> Response {
        let page = try JobPageOfList(answers.first, limit: try filter(call).limit)
        var response: Response
        if try ETag.matches(page.tag, call.request) {
            response = Response(status: 304)
        } else {
            let own = try scope.identity().name
            response = .json([
                "items": .array(page.lines.map { $0.json(ownerName: $0.ownerName ?? own) }),
                "nextCursor": JSONValue(page.next?.text),
            ])
        }
        response.headers.set("ETag", page.tag)
        if let at = page.checkedAt { response.headers.set("Batchport-Checked-At", Instant(at).rfc3339()) }
        return response
    }
}

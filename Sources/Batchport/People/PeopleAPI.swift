import HTTP
import JSON
import PostgreSQL

/// People and teams over JSON, for admins.
enum PeopleAPI {
    static let routes: [Route] = [
        .get("/api/v1/admin/users", .adminToken(.admin), users),
        .get("/api/v1/admin/teams", .adminToken(.admin), teams),
    ]

    private static func users(_ call: Call, _ scope: inout Scope) throws -> Response {
        let query = call.request.query
        try Parameters.only(["q", "limit", "cursor"], in: query)
        let limit = try Numbers.one("limit", in: query, 1...200) ?? 50
        let filter = PeopleFilter(text: try query.one("q") ?? "", after: try query.one("cursor"))
        guard (filter.after ?? "").utf8.count <= 254 else { throw Failure.badCursor }
        let found = try scope.database.rows(filter.query(limit: limit)) { try PersonLine($0) }
        return .json([
            "items": .array(found.prefix(limit).map(\.json)),
            "nextCursor": JSONValue(found.count > limit ? found[limit - 1].email : nil),
        ])
    }

    private static func teams(_ call: Call, _ scope: inout Scope) throws -> Response {
        try Parameters.only([], in: call.request.query)
        let teams = try scope.database.teams().map { team -> JSONValue in
            [
                "id": .string(team.id.lower), "name": .string(team.name), "members": JSONValue(team.members),
                "serviceAccounts": JSONValue(team.services), "environments": JSONValue(team.environments),
            ]
        }
        return .json(["items": .array(teams), "nextCursor": nil])
    }
}

extension PersonLine {
    var json: JSONValue {
        [
            "id": .string(id.lower), "name": .string(name), "email": isService ? .null : .string(email),
            "kind": .string(isService ? "service" : "person"), "role": .string(role), "teams": JSONValue(teams),
            "secondFactor": .bool(hasFactor), "disabledAt": disabledAt.map { Instant($0).json } ?? .null,
            "createdAt": Instant(createdAt).json,
        ]
    }
}

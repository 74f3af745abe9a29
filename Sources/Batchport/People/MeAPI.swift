import FoundationEssentials
import HTTP
import JSON
import PostgreSQL

/// Who am I.
enum MeAPI {
    static let routes: [Route] = [.get("/api/v1/me", .signedIn, me)]

    private static func me(_ call: Call, _ scope: inout Scope) throws -> Response {
        let identity = try scope.identity()
        let scopes: [String] =
            switch identity.way {
            case .session: TokenScope.allCases.map(\.rawValue)
            case .token(_, let scopes): scopes.sorted()
            }
        let teams = try scope.database.rows(
            "SELECT id, name FROM teams WHERE id = ANY (my_teams()) ORDER BY lower(name)"
        ) { JSONValue.object([.init("id", .string(try $0.uuid(0).lower)), .init("name", .string(try $0.text(1)))]) }
        let use = try scope.database.ownUse()
        return .json([
            "id": .string(identity.person.lower), "name": .string(identity.name),
            "email": .string(identity.email), "roles": [.string(identity.role.rawValue)],
            "teams": .array(teams),
            "scopes": JSONValue(scopes),
            "limits": use?.json ?? .null,
        ])
    }
}

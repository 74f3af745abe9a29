import HTTP
import JSON

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
        return .json([
            "id": .string(identity.person.lower), "name": .string(identity.name),
            "email": .string(identity.email), "roles": [.string(identity.role.rawValue)], "teams": [],
            "scopes": JSONValue(scopes),
        ])
    }
}

import FoundationEssentials
import HTTP
import JSON
import PostgreSQL

/// One's credentials over JSON, never with a secret. A token acts on the one that it names; a page's session sees all.
enum CredentialAPI {
    static let routes: [Route] = [
        .get("/api/v1/credentials", .token(.credentialsReplace), list),
        .json("DELETE", "/api/v1/credentials/*", .token(.credentialsReplace), delete),
        .json("POST", "/api/v1/credentials/*/check", .token(.credentialsReplace), check).costly,
        .json("PUT", "/api/v1/credentials/*/secret", .token(.credentialsReplace), replace).costly,
    ]

    private static func list(_ call: Call, _ scope: inout Scope) throws -> Response {
        let identity = try scope.identity()
        let all = try scope.database.credentials(of: identity.person)
        var found = all
        if case .token(let token, _) = identity.way {
            let named = try scope.database.credential(ofToken: token)
            found = all.filter { $0.id == named }
        }
        return .json(["items": .array(found.map(\.json)), "nextCursor": nil])
    }

    private static func delete(_ call: Call, _ body: JSONValue, _ scope: inout Scope) throws -> Response {
        try nothing(in: body)
        let (id, owner) = try named(call, &scope)
        try CredentialActs.delete(id, of: owner, in: &scope.database)
        return Response(status: 204)
    }

    private static func check(_ call: Call, _ body: JSONValue, _ scope: inout Scope) throws -> Response {
        try nothing(in: body)
        let (id, owner) = try named(call, &scope)
        try CredentialActs.check(id, of: owner, in: &scope.database)
        return .json(["started": true], status: 202)
    }

    /// 202: the worker looks whose it is before it signs anything.
    private static func replace(_ call: Call, _ body: JSONValue, _ scope: inout Scope) throws -> Response {
        let entry = try AccessKeyEntry(secret: body)
        let (id, owner) = try named(call, &scope)
        let problems = entry.secretProblems(.api)
        guard problems.isEmpty else { throw Failure.unfit(problems) }
        try entry.replace(id, of: owner, scope.site.vaultKey, in: &scope.database)
        guard let credential = try scope.database.credentials(of: owner).first(where: { $0.id == id }) else {
            throw Failure.notFound
        }
        return .json(credential.json, status: 202)
    }

    private static func nothing(in body: JSONValue) throws {
        if body == .null { return }
        var reader = ObjectReader(body)
        try reader.done()
    }

    /// The one in the path, where it is the one that the token names.
    private static func named(_ call: Call, _ scope: inout Scope) throws -> (id: UUID, owner: UUID) {
        let id = try call.id(0)
        let identity = try scope.identity()
        guard case .token(let token, _) = identity.way, try scope.database.credential(ofToken: token) == id else {
            throw Failure.notFound
        }
        return (id, identity.person)
    }
}

extension Connection {
    fileprivate mutating func credential(ofToken token: UUID) throws -> UUID? {
        try row("SELECT credential FROM tokens WHERE id = \(token)") { try $0.uuidOptional(0) } ?? nil
    }
}

extension Credential {
    var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("id", .string(id.lower)), .init("name", .string(name)),
        ]
        switch kind {
        case .accessKey(let hint, let end):
            members += [
                .init("kind", "accessKey"), .init("accessKeyID", .string(hint)),
                .init("expiresAt", end.map { Instant($0).json } ?? nil),
            ]
        case .role(let arn, _):
            members += [.init("kind", "role"), .init("roleARN", .string(arn))]
        }
        return .object(
            members + [
                .init("region", .string(region)), .init("account", JSONValue(account)), .init("arn", JSONValue(arn)),
                .init("isDefault", .bool(isDefault)), .init("secretSince", Instant(secretSince).json),
                .init("lastUsedAt", lastUsedAt.map { Instant($0).json } ?? nil), .init("health", healthJSON),
                .init("replacement", replacementJSON), .init("environments", JSONValue(environments)),
                .init("openJobs", JSONValue(openJobs)),
            ])
    }

    private var healthJSON: JSONValue {
        [
            "state": .string(health.rawValue), "detail": JSONValue(detail),
            "checkedAt": checkedAt.map { Instant($0).json } ?? nil,
        ]
    }

    /// Null where no new secret was given, or the last one was taken.
    private var replacementJSON: JSONValue {
        if let next { return ["state": "checking", "accessKeyID": .string(next), "detail": nil] }
        return nextTrouble.map { ["state": "refused", "accessKeyID": nil, "detail": .string($0)] } ?? nil
    }
}

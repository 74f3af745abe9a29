import FoundationEssentials
import HTTP
import JSON

/// Environments over JSON. An `ETag` is the version, and `If-Match` asks for the one that was read.
enum EnvironmentAPI {
    static let routes: [Route] = [
        .get("/api/v1/environments", .token(.environmentsRead), list),
        .json("POST", "/api/v1/environments", .adminToken(.environmentsWrite), create).costly,
        .json("POST", "/api/v1/environments/import", .adminToken(.environmentsWrite), take).costly,
        .get("/api/v1/environments/*", .token(.environmentsRead), one),
        .json("PATCH", "/api/v1/environments/*", .managerToken(.environmentsWrite), change),
        .json("DELETE", "/api/v1/environments/*", .managerToken(.environmentsWrite), delete),
        .get("/api/v1/environments/*/versions", .managerToken(.environmentsRead), versions),
        .get("/api/v1/environments/*/check", .token(.environmentsRead), findings),
        .json("POST", "/api/v1/environments/*/check", .managerToken(.environmentsWrite), check).costly,
    ]

    private static func list(_ call: Call, _ scope: inout Scope) throws -> Response {
        let found = try scope.database.environments()
        let grants = try scope.database.grants(of: found.map(\.id))
        return .json(["items": .array(found.map { $0.json(grants: grants[$0.id] ?? []) }), "nextCursor": nil])
    }

    private static func one(_ call: Call, _ scope: inout Scope) throws -> Response {
        try answer(try found(call, &scope), &scope)
    }

    private static func found(_ call: Call, _ scope: inout Scope) throws -> BatchEnvironment {
        guard let found = try scope.database.environment(eitherID: call.parameters[0]) else { throw Failure.notFound }
        return found
    }

    private static func answer(
        _ environment: BatchEnvironment, _ scope: inout Scope, status: Int = 200
    ) throws -> Response {
        let grants = try scope.database.grants(of: [environment.id])[environment.id] ?? []
        var response = Response.json(environment.json(grants: grants), status: status)
        response.headers.set("ETag", "\"\(environment.version)\"")
        return response
    }

    private static func create(_ call: Call, _ body: JSONValue, _ scope: inout Scope) throws -> Response {
        var entry = try blank(scope)
        try entry.read(body)
        return try make(entry, &scope)
    }

    /// What a new one is where the body does not say it: in every language, and for whoever makes it.
    private static func blank(_ scope: borrowing Scope) throws -> EnvironmentEntry {
        var entry = EnvironmentEntry()
        entry.languages = Language.allCases.map(\.rawValue)
        entry.grants = [.person(try scope.identity().person.lower)]
        return entry
    }

    /// A stack's outputs, or its name, and beside them what they cannot say, as for a new environment.
    private static func take(_ call: Call, _ body: JSONValue, _ scope: inout Scope) throws -> Response {
        var entry = try blank(scope)
        entry.take(try outputs(body, &scope))
        try entry.read(.object((body.members ?? []).filter { $0.name != "outputs" && $0.name != "stack" }))
        return try make(entry, &scope)
    }

    /// As they were pasted, or as CloudFormation says them of the stack that is named.
    private static func outputs(_ body: JSONValue, _ scope: inout Scope) throws -> StackOutputs {
        guard let named = body["stack"] else {
            if let outputs = body["outputs"] { return try StackOutputs(outputs) }
            throw Failure.unfit([.init("/outputs", "missing", "The outputs of a stack are missing, or its name.")])
        }
        if body["outputs"] != nil {
            throw Failure.unfit([.init("/outputs", "twice", "There are outputs and a stack's name: give one of them.")])
        }
        var reader = ObjectReader(named, at: "/stack")
        let stack = StackImport(&reader)
        try reader.done()
        return try stack.outputs(&scope)
    }

    private static func make(_ entry: EnvironmentEntry, _ scope: inout Scope) throws -> Response {
        let id = try EnvironmentWriting(scope).create(entry, in: &scope.database)
        guard let made = try scope.database.environment(id) else { throw Failure.notFound }
        var response = try answer(made, &scope, status: 201)
        response.headers.set("Location", "/api/v1/environments/" + id.lower)
        return response
    }

    private static func change(_ call: Call, _ body: JSONValue, _ scope: inout Scope) throws -> Response {
        let environment = try found(call, &scope)
        guard let version = try IfMatch.version(call.request) else { throw Failure.ifMatchNeeded }
        try EnvironmentWriting(scope).change(environment.id, seen: version.number, in: &scope.database) {
            try $0.read(body)
        }
        guard let changed = try scope.database.environment(environment.id) else { throw Failure.notFound }
        return try answer(changed, &scope)
    }

    private static func delete(_ call: Call, _ body: JSONValue, _ scope: inout Scope) throws -> Response {
        let environment = try found(call, &scope)
        let version = try IfMatch.version(call.request)
        try EnvironmentWriting(scope).delete(environment.id, seen: version?.number, in: &scope.database)
        return Response(status: 204)
    }

    private static func versions(_ call: Call, _ scope: inout Scope) throws -> Response {
        try Parameters.only(["cursor"], in: call.request.query)
        let environment = try found(call, &scope)
        let cursor = try call.request.query.one("cursor")
        let before = cursor.flatMap { Int32($0) }.map(Int.init)
        if cursor != nil, before == nil { throw Failure.badCursor }
        let history = try scope.database.history(of: environment.id, before: before)
        let next = history.hasMore ? history.versions.last.map { String($0.number) } : nil
        return .json(["items": .array(history.versions.map(\.json)), "nextCursor": JSONValue(next)])
    }

    private static func findings(_ call: Call, _ scope: inout Scope) throws -> Response {
        .json(try found(call, &scope).health)
    }

    private static func check(_ call: Call, _ body: JSONValue, _ scope: inout Scope) throws -> Response {
        if body != .null {
            var reader = ObjectReader(body)
            try reader.done()
        }
        try EnvironmentChecking.ask(try found(call, &scope).id, &scope)
        return .json(["started": true], status: 202)
    }
}

extension EnvironmentWriting {
    init(_ scope: borrowing Scope) throws {
        self.init(
            person: try scope.identity().person, vaultKey: scope.site.vaultKey,
            endpoints: Set(scope.site.endpoints.keys))
    }
}

/// The version that a change is meant for (RFC 9110, If-Match).
struct IfMatch {
    /// Nil for `*`: whichever there is.
    let number: Int?

    /// Nil where the header is not there.
    static func version(_ request: Request) throws -> IfMatch? {
        guard let line = try request.header("if-match") else { return nil }
        if line == "*" { return IfMatch(number: nil) }
        guard line.utf8.count >= 3, line.hasPrefix("\""), line.hasSuffix("\""),
            let number = Int32(line.dropFirst().dropLast())
        else { throw Failure.changedMeanwhile }
        return IfMatch(number: Int(number))
    }
}

extension Failure {
    static let ifMatchNeeded = Failure(
        status: 428, type: "if-match", title: "If-Match needed",
        detail: "Send the ETag of the environment as you read it in the header If-Match.")
}

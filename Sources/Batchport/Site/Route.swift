import FoundationEssentials
import HTTP
import JSON
import PostgreSQL

/// What a handler is told of its request: the request, what the pattern's `*` stood for, and the site's path.
struct Call {
    let request: Request
    let parameters: [String]

    /// A path part that must be a UUID; anything else names nothing that exists.
    func id(_ index: Int) throws -> UUID {
        guard parameters.indices.contains(index), let id = UUID(uuidString: parameters[index]) else {
            throw Failure.notFound
        }
        return id
    }
}

/// One endpoint: method, path, who may use it, and what answers. The rule is part of the declaration, so that a route
/// without one does not compile.
struct Route: Sendable {
    enum Rule: Sendable, Equatable {
        case anyone
        case signedIn
        case admin
        case token(TokenScope)
        /// An admin's session, or an admin's token with that scope.
        case adminToken(TokenScope)
        /// Who manages the environment that the path's first `*` names: an admin, or one of its managers.
        case manager
        /// The same, by a session or a token with that scope.
        case managerToken(TokenScope)
    }

    /// How the body is read before the handler runs. `form` has its session-bound token checked here.
    enum Action: Sendable {
        case page(@Sendable (Call, inout Scope) throws -> Response)
        /// The statements travel with the look-up of who asks; row-level security sees to it that they answer to nobody else.
        case query(
            @Sendable (Call) throws -> [SQL], @Sendable (Call, [QueryResult], inout Scope) throws -> Response)
        case form(@Sendable (Call, Form, inout Scope) throws -> Response)
        case upload(@Sendable (Call, inout RequestBody, inout Scope) throws -> Response)
        case json(@Sendable (Call, JSONValue, inout Scope) throws -> Response)
    }

    let method: String
    /// Parts of the path; `*` stands for one part, `**` at the end for one or more.
    let pattern: [String]
    let rule: Rule
    let action: Action
    /// Counts against the smaller rate as well (`Rates`).
    private(set) var isCostly = false

    private init(_ method: String, _ path: String, _ rule: Rule, _ action: Action) {
        self.method = method
        pattern = path.split(separator: "/").map(String.init)
        self.rule = rule
        self.action = action
    }

    static func get(
        _ path: String, _ rule: Rule, _ handler: @escaping @Sendable (Call, inout Scope) throws -> Response
    ) -> Route { Route("GET", path, rule, .page(handler)) }

    static func get(
        _ path: String, _ rule: Rule, asking statements: @escaping @Sendable (Call) throws -> [SQL],
        _ handler: @escaping @Sendable (Call, [QueryResult], inout Scope) throws -> Response
    ) -> Route { Route("GET", path, rule, .query(statements, handler)) }

    static func post(
        _ path: String, _ rule: Rule, _ handler: @escaping @Sendable (Call, Form, inout Scope) throws -> Response
    ) -> Route { Route("POST", path, rule, .form(handler)) }

    static func upload(
        _ method: String, _ path: String, _ rule: Rule,
        _ handler: @escaping @Sendable (Call, inout RequestBody, inout Scope) throws -> Response
    ) -> Route { Route(method, path, rule, .upload(handler)) }

    static func json(
        _ method: String, _ path: String, _ rule: Rule,
        _ handler: @escaping @Sendable (Call, JSONValue, inout Scope) throws -> Response
    ) -> Route { Route(method, path, rule, .json(handler)) }

    /// The same route, said to cost much: it makes the worker call AWS, or reads far more than a page.
    var costly: Route {
        var copy = self
        copy.isCostly = true
        return copy
    }

    func statements(_ call: Call) throws -> [SQL] {
        if case .query(let statements, _) = action { return try statements(call) }
        return []
    }

    var isAPI: Bool { pattern.first == "api" }

    /// What the `*`s stand for, or nil if the path is another.
    func match(_ path: [String]) -> [String]? {
        var found: [String] = []
        for (index, part) in pattern.enumerated() {
            if part == "**" {
                guard path.count > index else { return nil }
                return found + [path[index...].joined(separator: "/")]
            }
            guard index < path.count else { return nil }
            if part == "*" { found.append(path[index]) } else if part != path[index] { return nil }
        }
        return pattern.count == path.count ? found : nil
    }
}

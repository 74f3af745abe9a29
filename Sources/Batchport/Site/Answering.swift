import Cryptography
import FoundationEssentials
package import HTTP
import JSON
import Logging
import PostgreSQL

/// The way of every request, in order: host, route, who asks, may they, where the form comes from, handler, headers.
package enum Answering {
    package static func answer(_ request: Request, _ body: inout RequestBody, _ scope: inout Scope) -> Response {
        let id = hex(randomBytes(8))
        scope.caller = .nobody
        scope.database.identity = nil
        var response: Response
        do {
            try checkHost(request, scope.site)
            try scope.database.reconnectIfBroken()
            response = try dispatch(request, &body, &scope)
        } catch {
            response = refuse(error, request, id, &scope)
        }
        SecurityHeaders.add(to: &response, site: scope.site)
        response.headers.set("X-Request-Id", id)
        if request.method == "HEAD" { response.body = .bytes([]) }
        return response
    }

    private static func checkHost(_ request: Request, _ site: Site) throws {
        guard try request.header("host")?.lowercased() == site.host else {
            throw Failure(
                status: 421, type: "host", title: "Another host",
                detail: "This portal does not answer for that host name.")
        }
    }

    private static func dispatch(
        _ request: Request, _ body: inout RequestBody, _ scope: inout Scope
    ) throws -> Response {
        let path = try request.path
        switch Routes.find(request.method, path) {
        case .nothing:
            try identify(request, isAPI: path.first == "api", &scope)
            throw Failure.notFound
        case .otherMethods(let methods):
            var failure = Failure(
                status: 405, type: "method", title: "Method not allowed", detail: "This address takes \(methods[0]).")
            failure.allow = methods
            throw failure
        case .route(let route, let parameters):
            try identify(request, isAPI: route.isAPI, &scope)
            try authorise(route, scope)
            return try run(route, Call(request: request, parameters: parameters), &body, &scope)
        }
    }

    private static func run(
        _ route: Route, _ call: Call, _ body: inout RequestBody, _ scope: inout Scope
    ) throws -> Response {
        if !route.isAPI, route.method != "GET" { try FormToken.checkOrigin(call.request, scope.site) }
        switch route.action {
        case .page(let handler):
            return try handler(call, &scope)
        case .form(let handler):
            let form = try Form.urlEncoded(try body.all(limit: smallBody))
            try FormToken.check(form.one(FormToken.field), call.request, scope)
            return try handler(call, form, &scope)
        case .upload(let handler):
            return try handler(call, &body, &scope)
        case .json(let handler):
            return try handler(call, try jsonBody(call.request, &body), &scope)
        }
    }

    private static func jsonBody(_ request: Request, _ body: inout RequestBody) throws -> JSONValue {
        let bytes = try body.all(limit: smallBody)
        if bytes.isEmpty { return .null }
        guard try request.header("content-type")?.lowercased().hasPrefix("application/json") == true else {
            throw Failure(
                status: 415, type: "media-type", title: "Unsupported media type",
                detail: "The body must be sent as application/json.")
        }
        return try JSONValue.parse(bytes)
    }

    /// Everything but uploads (trust.md S56), in bytes.
    private static let smallBody = 1 << 20

    private static func authorise(_ route: Route, _ scope: borrowing Scope) throws {
        switch route.rule {
        case .anyone: return
        case .signedIn: _ = try scope.identity()
        case .admin: if try !scope.identity().isAdmin { throw Failure.adminsOnly }
        case .token(let wanted): if try !scope.identity().has(wanted) { throw Failure.missingScope(wanted) }
        }
    }

    private static func refuse(
        _ error: any Error, _ request: Request, _ id: String, _ scope: inout Scope
    ) -> Response {
        let failure = Failure.from(error)
        if failure.status == 500 {
            Logger(label: "web").error(
                "request failed", metadata: ["request": "\(id)", "error": "\(LoggedError.text(error))"])
        }
        return failure.response(to: request, in: scope)
    }
}

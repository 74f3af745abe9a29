import FoundationEssentials
package import HTTP
import JSON
import Logging
import PostgreSQL

/// The way of every request, in order: host, route, who asks, may they, where the form comes from, handler, headers.
package enum Answering {
    package static func answer(_ request: Request, _ body: inout RequestBody, _ scope: inout Scope) -> Response {
        let id = freshID()
        scope.caller = .nobody
        scope.address = request.remoteAddress
        scope.renewedSession = nil
        scope.theme = Theme.of(request)
        scope.database.identity = nil
        var response: Response
        do {
            try checkHost(request, scope.site)
            try scope.database.reconnectIfBroken()
            response = try dispatch(request, &body, &scope)
        } catch {
            response = refuse(error, id).response(to: request, on: scope.site, for: scope.caller)
        }
        if let secret = scope.renewedSession { SessionCookie.set(secret, on: &response) }
        finish(&response, request, id, scope.site)
        return response
    }

    /// Where there is no scope, since the database cannot be reached: alive, but nothing can be asked.
    package static func answerAlone(_ request: Request, _ error: any Error, on site: Site) -> Response {
        let id = freshID()
        var response =
            request.rawPath == Health.livePath
            ? Health.live : refuse(error, id).response(to: request, on: site, for: .nobody)
        finish(&response, request, id, site)
        return response
    }

    /// Names a request in answer and log; nothing depends on its being a secret.
    private static func freshID() -> String {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    private static func finish(_ response: inout Response, _ request: Request, _ id: String, _ site: Site) {
        SecurityHeaders.add(to: &response, site: site)
        response.headers.set("X-Request-Id", id)
        guard request.method == "HEAD" else { return }
        // As long as GET's, or nothing said of it (RFC 9110 §8.6).
        if case .bytes(let bytes) = response.body, response.status == 200 {
            response.headers.set("Content-Length", String(bytes.count))
        }
        response.body = .bytes([])
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
        try checkQuery(request.query)
        switch Routes.find(request.method, path) {
        case .nothing:
            _ = try identify(request, isAPI: path.first == "api", isCostly: false, asking: [], &scope)
            throw Failure.notFound
        case .otherMethods(let methods):
            var failure = Failure(
                status: 405, type: "method", title: "Method not allowed", detail: "This address takes \(methods[0]).")
            failure.allow = methods
            throw failure
        case .route(let route, let parameters):
            let call = Call(request: request, parameters: parameters)
            let asked = Result { try route.statements(call) }
            let answers = try identify(
                request, isAPI: route.isAPI, isCostly: route.isCostly, asking: (try? asked.get()) ?? [], &scope)
            if let page = try KeptForm.signIn(route, call, &body, &scope) { return page }
            try authorise(route, call, &scope)
            if let elsewhere = Enrolment.detour(route, scope) { return elsewhere }
            _ = try asked.get()
            return try run(route, call, answers, &body, &scope)
        }
    }

    /// No parameter may be there twice (trust.md S24).
    private static func checkQuery(_ query: Query) throws {
        for item in query.items { _ = try query.one(item.name) }
    }

    private static func run(
        _ route: Route, _ call: Call, _ answers: [QueryResult], _ body: inout RequestBody, _ scope: inout Scope
    ) throws -> Response {
        if !route.isAPI, route.method != "GET" { try FormToken.checkOrigin(call.request, scope.site) }
        switch route.action {
        case .page(let handler):
            return try handler(call, &scope)
        case .query(_, let handler):
            return try handler(call, answers, &scope)
        case .form(let handler):
            // As many as the list's boxes and what goes with them.
            let form = try Form.urlEncoded(try small(&body), limit: 250)
            try FormToken.check(form.one(FormToken.field), call.request, scope)
            return try handler(call, form, &scope)
        case .upload(let handler):
            return try handler(call, &body, &scope)
        case .json(let handler):
            return try handler(call, try jsonBody(call.request, &body), &scope)
        }
    }

    private static func jsonBody(_ request: Request, _ body: inout RequestBody) throws -> JSONValue {
        let bytes = try small(&body)
        if bytes.isEmpty { return .null }
        guard try request.header("content-type")?.lowercased().hasPrefix("application/json") == true else {
            throw Failure(
                status: 415, type: "media-type", title: "Unsupported media type",
                detail: "The body must be sent as application/json.")
        }
        return try JSONValue.parse(bytes)
    }

    /// Everything but uploads has at most 1 MiB (trust.md S56).
    private static func small(_ body: inout RequestBody) throws -> [UInt8] {
        do {
            return try body.all(limit: 1 << 20)
        } catch BodyError.tooLarge {
            throw Failure.tooLarge("The body has more than the 1 MiB allowed here. Files have an address of their own.")
        }
    }

    private static func authorise(_ route: Route, _ call: Call, _ scope: inout Scope) throws {
        switch route.rule {
        case .anyone: return
        case .signedIn: _ = try scope.identity()
        case .admin: if try !scope.identity().isAdmin { throw Failure.adminsOnly }
        case .token(let wanted): if try !scope.identity().has(wanted) { throw Failure.missingScope(wanted) }
        case .adminToken(let wanted):
            if try !scope.identity().isAdmin { throw Failure.adminsOnly }
            if try !scope.identity().has(wanted) { throw Failure.missingScope(wanted) }
        case .manager: if try !scope.mayManage(try call.id(0)) { throw Failure.notFound }
        case .managerToken(let wanted):
            if try !scope.mayManage(try call.id(0)) { throw Failure.notFound }
            if try !scope.identity().has(wanted) { throw Failure.missingScope(wanted) }
        }
    }

    private static func refuse(_ error: any Error, _ id: String) -> Failure {
        let failure = Failure.from(error)
        if failure.status == 500 {
            Logger(label: "web").error(
                "request failed", metadata: ["request": "\(id)", "error": "\(LoggedError.text(error))"])
        }
        return failure
    }
}

import HTML
import HTTP
import JSON

extension Failure {
    /// The failure as a page for people, or as problem+json (RFC 9457) for programs. Bodies of equal failures are equal
    /// to the byte, so that a stranger's 404 tells nothing.
    func response(to request: Request, on site: Site, for caller: Caller) -> Response {
        let isAPI = request.rawPath.hasPrefix("/api/") || request.rawPath == "/readyz"
        if status == 401, !isAPI { return Self.signInRedirect(request) }
        var response = isAPI ? plainResponse : page(site, caller, Theme.of(request))
        if let retryAfter { response.headers.set("Retry-After", String(retryAfter)) }
        if !allow.isEmpty { response.headers.set("Allow", allow.joined(separator: ", ")) }
        if status == 401 { response.headers.set("WWW-Authenticate", "Bearer realm=\"batchport\"") }
        return response
    }

    private static func signInRedirect(_ request: Request) -> Response {
        guard request.method == "GET", request.target != "/" else { return .redirect(to: "/sign-in") }
        return .redirect(to: "/sign-in?next=" + percentEncode(request.target))
    }

    fileprivate var problem: JSONValue {
        var members: [JSONValue.Member] = [
            .init("type", .string("/problems/" + type)), .init("title", .string(title)),
            .init("status", JSONValue(status)), .init("detail", .string(detail)),
        ]
        if !problems.isEmpty { members.append(.init("errors", .array(problems.map(\.json)))) }
        return .object(members)
    }

    private func page(_ site: Site, _ caller: Caller, _ theme: Theme?) -> Response {
        let content: HTML = """
            <div class="head"><div><h1>\(title)</h1><p class="says">\(detail)</p></div></div>
            <p class="mt5"><a href="/jobs">Go to the jobs</a></p>
            """
        return Page(title: title, content: content, status: status, isNarrow: true).response(
            on: site, for: caller, theme)
    }
}

extension Failure.Problem {
    var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("pointer", .string(pointer)), .init("code", .string(code)), .init("message", .string(message)),
        ]
        if let limit { members.append(.init("limit", JSONValue(limit))) }
        return .object(members)
    }
}

extension Failure {
    /// As problem+json, whoever asks.
    var plainResponse: Response {
        var response = Response.json(problem, status: status, type: "application/problem+json")
        if let retryAfter { response.headers.set("Retry-After", String(retryAfter)) }
        return response
    }
}

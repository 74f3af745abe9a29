import HTTP
import PostgreSQL

extension Answering {
    /// Finds out who asks. An API route takes a bearer token; a session's cookie counts there only for a safe request
    /// that our own page makes. A page takes the cookie alone.
    static func identify(_ request: Request, isAPI: Bool, _ scope: inout Scope) throws {
        guard let secret = try isAPI ? apiSecret(request) : SessionCookie.value(in: request) else { return }
        guard let identity = try scope.database.identify(secret) else {
            scope.database.identity = nil
            return
        }
        if case .token = identity.way, !isAPI {
            scope.database.identity = nil
            return
        }
        scope.caller = .identified(identity)
        if scope.site.now() - (identity.seenAt ?? 0) > 60_000 {
            try scope.database.execute("SELECT touch_identity()")
        }
    }

    private static func apiSecret(_ request: Request) throws -> String? {
        if let header = try request.header("authorization") {
            guard header.lowercased().hasPrefix("bearer ") else { return nil }
            let token = String(header.dropFirst(7))
            return TokenSecret.isWellFormed(token) ? token : nil
        }
        guard request.method == "GET" || request.method == "HEAD",
            try request.header("sec-fetch-site") == "same-origin"
        else { return nil }
        return try SessionCookie.value(in: request)
    }
}

import HTTP
import PostgreSQL

extension Answering {
    /// Finds out who asks. An API route takes a bearer token; a session's cookie counts there only for a safe request
    /// that our own page makes. A page takes the cookie alone.
    ///
    /// Answers what was asked along with it; nothing if nobody is known. Who asks too often is refused before anything is
    /// looked up.
    static func identify(
        _ request: Request, isAPI: Bool, isCostly: Bool, asking statements: [SQL], _ scope: inout Scope
    ) throws -> [QueryResult] {
        guard let secret = try isAPI ? apiSecret(request) : SessionCookie.value(in: request) else { return [] }
        let rates = scope.site.rates
        let isCounted = try rates.admit(secret, isCostly: isCostly)
        let readsRates = rates.isDue()
        var (found, answers) = try look(secret, readsRates ? statements + [RateLimits.query] : statements, &scope)
        if readsRates, let limits = answers.popLast() { rates.set(try RateLimits(limits)) }
        guard let identity = found, isAPI || identity.isSession,
            !TrustedUser.contradicts(identity, request, scope.site)
        else {
            scope.database.identity = nil
            return []
        }
        if !isCounted {
            try rates.enter(secret, of: identity.person, token: !identity.isSession, isCostly: isCostly)
        }
        scope.caller = .identified(identity)
        if scope.site.now() - (identity.seenAt ?? 0) > 60_000, try !isUnattended(request) {
            try scope.database.execute("SELECT touch_identity()")
        }
        return answers
    }

    /// A page that looks for news by itself keeps nobody signed in (trust.md S12).
    private static func isUnattended(_ request: Request) throws -> Bool {
        try request.header("batchport-live") != nil
    }

    /// A connection that broke while it was idle shows it here first, where asking again harms nothing.
    private static func look(
        _ secret: String, _ statements: [SQL], _ scope: inout Scope
    ) throws -> (Identity?, [QueryResult]) {
        do {
            return try scope.database.identify(secret, asking: statements)
        } catch let error as PostgresError where error.kind == .connection {
            try scope.database.reconnectIfBroken()
            return try scope.database.identify(secret, asking: statements)
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

import Cryptography
import FoundationEssentials
import HTML
import HTTP
import PostgreSQL

/// Sign in with e-mail address and password, and a code where there is a second factor; sign out.
enum SignIn {
    static let routes: [Route] = [
        .get("/sign-in", .anyone, show),
        .post("/sign-in", .anyone, signIn),
        .post("/sign-in/code", .anyone, SignInCode.take),
        .post("/sign-in/site", .anyone, TrustedUser.signIn),
        .post("/sign-out", .signedIn, signOut),
    ]

    private static func show(_ call: Call, _ scope: inout Scope) throws -> Response {
        if case .identified = scope.caller { return .redirect(to: "/jobs") }
        return try form(call.request, next: try call.request.query.one("next"), email: "", problem: nil, &scope)
    }

    private static func signIn(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let email = try form.one("email") ?? ""
        let password = try form.one("password") ?? ""
        let next = try form.one("next")
        let kept = try form.one(KeptForm.field)
        guard let found = try verified(email, password, call.request, &scope) else {
            return try self.form(call.request, next: next, email: email, problem: refusal, kept: kept, &scope)
        }
        if found.hasFactor {
            return try SignInCode.ask(found.person, next: next, problem: nil, kept: kept, call.request, &scope)
        }
        return try open(found.person, withFactor: false, next: next, kept: kept, call.request, &scope)
    }

    /// A new session, in place of the one that the browser may have had.
    /// - Parameter kept: a form that came too late, sealed, to be gone on with.
    static func open(
        _ person: UUID, withFactor: Bool, next: String?, kept: String? = nil, _ request: Request, _ scope: inout Scope
    ) throws -> Response {
        let secret = SessionCookie.fresh()
        let agent = try request.header("user-agent") ?? ""
        let old = try SessionCookie.value(in: request).map(SessionCookie.hash)
        try scope.database.execute(
            "SELECT open_session(\(person), \(SessionCookie.hash(secret)), \(agent), \(old), \(withFactor))")
        var response = Response.redirect(to: SafePath.of(next) ?? "/jobs")
        if let late = KeptForm(sealed: kept, scope.site), late.person == person,
            let identity = try scope.database.identify(secret, asking: []).0
        {
            scope.caller = .identified(identity)
            response = KeptFormView(kept: late, formToken: identity.formToken, assets: scope.site.assets)
                .page.response(in: scope)
        }
        SessionCookie.set(secret, on: &response)
        KnownDevice.set(person, on: &response, scope.site)
        return response
    }

    private static func signOut(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        if case .session(let id, _) = try scope.identity().way {
            try scope.database.execute("SELECT end_session(\(id))")
        }
        var response = Response.redirect(to: "/sign-in")
        SessionCookie.clear(on: &response)
        return response
    }

    private static let refusal =
        "This e-mail address and password do not go together. After ten wrong tries each further one must wait."

    /// - Parameter done: what was done just before.
    static func form(
        _ request: Request, next: String?, email: String, problem: String?, kept: String? = nil, done: String? = nil,
        _ scope: inout Scope
    ) throws -> Response {
        let cookie = try request.cookies()[FormToken.anonymousCookie] ?? SessionCookie.fresh()
        let fields = FormFields(
            assets: scope.site.assets, problems: problem.map { [.init("/email", "refused", $0)] } ?? [])
        let late: HTML? =
            kept == nil
            ? nil
            : """
            <p>You were signed out before this was sent, and nothing was done. Passwords and keys apart, what you entered is \
            still here: sign in and go on.</p>
            """
        let done: HTML? = done.map {
            "<div class=\"note\" data-s=\"ok\">\(scope.site.assets.icon("ok"))<div><strong>\($0)</strong></div></div>"
        }
        let content: HTML = """
            <div class="sheet flow"><h1>Sign in</h1>\(done)\(late)
            \(fields.summary("Nothing was changed."))\(TrustedUser.offer(request, next, kept, cookie, scope.site))
            <form class="flow" method="post" action="/sign-in">\(FormToken.input(FormToken.make(for: cookie)))\
            \(carried(next))\(KeptForm.carried(kept))
            \(fields.text("email", "E-mail address", email, extra: "type=\"email\" autocomplete=\"username\" required"))
            \(fields.text(
                "password", "Password", "", extra: "type=\"password\" autocomplete=\"current-password\" required"))
            <button class="btn main wide">Sign in</button></form>
            \(try firstAdmin(&scope.database))</div>
            """
        return page(problem == nil ? "Sign in" : "Not signed in", content, cookie, failed: problem != nil, scope)
    }

    private static func firstAdmin(_ database: inout Connection) throws -> HTML? {
        guard try database.row("SELECT awaits_first_admin()", { try $0.bool(0) }) == true else { return nil }
        return """
            <p class="small dim">A new installation's first admin starts at <a href="/first-admin">the one-time code</a>.</p>
            """
    }

    static func carried(_ next: String?) -> HTML? {
        SafePath.of(next).map { "<input type=\"hidden\" name=\"next\" value=\"\($0)\">" }
    }

    /// A page whose form is bound to a cookie, since there is no session yet.
    static func page(
        _ title: String, _ content: HTML, _ cookie: String, failed: Bool, _ scope: borrowing Scope
    ) -> Response {
        var response = Page(title: title, content: content, status: failed ? 422 : 200, isNarrow: true).response(
            in: scope)
        response.headers.add(
            "Set-Cookie", "\(FormToken.anonymousCookie)=\(cookie); Path=/; Secure; HttpOnly; SameSite=Lax")
        return response
    }
}

/// Whose address and password go together.
private struct Found {
    let person: UUID
    let password: String
    let failures: Int
    var isLocked: Bool
    let hasFactor: Bool
}

extension SignIn {
    /// Nobody while a lock holds. An unknown address costs the same work.
    private static func verified(
        _ email: String, _ password: String, _ request: Request, _ scope: inout Scope
    ) throws -> Found? {
        var found = try scope.database.row(
            "SELECT person, password, failures, is_locked, has_factor FROM password_of(\(email))"
        ) { row in
            Found(
                person: try row.value("person"), password: try row.value("password"),
                failures: try row.value("failures"), isLocked: try row.value("is_locked"),
                hasFactor: try row.value("has_factor"))
        }
        if let locked = found, locked.isLocked, locked.failures < KnownDevice.mostFailures,
            try KnownDevice.isKnown(locked.person, in: request, scope.site)
        {
            found?.isLocked = false
        }
        let pepper = scope.site.pepper
        let matches = try scope.site.hashing.pass(from: scope.address) {
            try Password.matches(password, stored: found?.password ?? Password.nobodys, pepper: pepper)
        }
        guard let found else { return nil }
        if matches, !found.isLocked { return found }
        if !found.isLocked { try scope.database.execute("SELECT password_failed(\(found.person))") }
        return nil
    }
}

/// Where to go after sign-in: only a path of ours, never another origin (trust.md S17).
enum SafePath {
    static func of(_ text: String?) -> String? {
        guard let text, text.hasPrefix("/"), text.utf8.count <= 2048 else { return nil }
        let second = text.dropFirst().first
        guard second != "/", second != "\\" else { return nil }
        return text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") } ? text : nil
    }
}

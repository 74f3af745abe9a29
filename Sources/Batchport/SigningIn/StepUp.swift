import FoundationEssentials
import HTML
import HTTP
import PostgreSQL

/// Dangerous acts ask again for a proof once the last one is ten minutes old (trust.md S8): a code of the second factor
/// where there is one, else the password. It renews the session, and the secret before is worth nothing (S11).
enum StepUp {
    static let field = "your_password"

    static func isFresh(_ scope: inout Scope) throws -> Bool {
        guard case .session(_, let authenticatedAt) = try scope.identity().way else { return false }
        // By the database's clock, as the session's other times: an hour's difference to ours must not lengthen it.
        return try scope.database.row(
            """
            SELECT \(Timestamp(milliseconds: authenticatedAt))
                > now() - site_limit('session.stepUpSeconds') * interval '1 s'
            """
        ) { try $0.bool(0) } ?? false
    }

    /// Asks for the proof in a form; nothing while the last one is fresh.
    static func input(_ fields: FormFields, _ scope: inout Scope) throws -> HTML? {
        if try isFresh(&scope) { return nil }
        return input(fields, hasFactor: try scope.identity().hasFactor)
    }

    /// That a proof is asked for, in each form of a page that has several.
    struct Asked {
        let hasFactor: Bool

        func input(_ fields: FormFields) -> HTML { StepUp.input(fields, hasFactor: hasFactor) }
    }

    static func asked(_ scope: inout Scope) throws -> Asked? {
        try isFresh(&scope) ? nil : Asked(hasFactor: try scope.identity().hasFactor)
    }

    static func input(_ fields: FormFields, hasFactor: Bool) -> HTML {
        let hint = "Asked again, since you signed in a while ago"
        return hasFactor
            ? fields.text(
                field, "Code of your second factor", "", hint: hint,
                extra: "inputmode=\"numeric\" autocomplete=\"one-time-code\"")
            : fields.text(
                field, "Your password", "", hint: hint, extra: "type=\"password\" autocomplete=\"current-password\"")
    }

    /// Passes when the proof is fresh or the one in the form is right; else says what is missing.
    static func problem(_ proof: String?, _ scope: inout Scope) throws -> Failure.Problem? {
        if try isFresh(&scope) { return nil }
        let identity = try scope.identity()
        guard case .session = identity.way else { return Failure.Problem("/" + field, "stepUp", "Sign in to do this.") }
        guard let proof, !proof.isEmpty else {
            let what = identity.hasFactor ? "Type a code of your second factor" : "Type your password again"
            return Failure.Problem(
                "/" + field, "stepUp", "\(what): more than ten minutes have passed since you last showed who you are.")
        }
        guard try isRight(proof, of: identity, &scope) else {
            try scope.database.execute("SELECT password_failed(\(identity.person))")
            let what =
                identity.hasFactor
                ? "This code is not good: each is good for a minute and once." : "This is not your password."
            return Failure.Problem("/" + field, "wrong", what)
        }
        try renew(withFactor: identity.hasFactor, &scope)
        return nil
    }

    static func problem(_ form: Form, _ scope: inout Scope) throws -> Failure.Problem? {
        try problem(try form.one(field), &scope)
    }

    /// For a button without room for the proof: a page that asks for it and then sends the same form. Nil once it is shown.
    /// - Parameter names: the form's fields, none of which is a secret.
    static func page(
        unless form: Form, keeping names: [String], to path: String, _ scope: inout Scope
    ) throws -> Response? {
        guard let problem = try problem(form, &scope) else { return nil }
        let fields = FormFields(assets: scope.site.assets, problems: [problem])
        let kept = try names.map { name -> HTML in
            "<input type=\"hidden\" name=\"\(name)\" value=\"\(try form.one(name) ?? "")\">"
        }
        let identity = try scope.identity()
        let content: HTML = """
            <div class="sheet flow"><h1>Show who you are</h1>\(fields.summary("Nothing was changed."))
            <form class="flow" method="post" action="\(path)">\(FormToken.input(identity.formToken))\(kept)
            \(input(fields, hasFactor: identity.hasFactor))<button class="btn main wide">Go on</button></form></div>
            """
        return Page(title: "Show who you are", content: content, status: 422, isNarrow: true).response(in: scope)
    }

    private static func isRight(_ proof: String, of identity: Identity, _ scope: inout Scope) throws -> Bool {
        let found = try scope.database.row(
            "SELECT password FROM password_of(\(identity.email)) WHERE NOT is_locked"
        ) { try $0.value("password", as: String.self) }
        if identity.hasFactor {
            guard found != nil else { return false }
            return try SecondFactor.accept(proof, of: identity.person, &scope)
        }
        let pepper = scope.site.pepper
        return try scope.site.hashing.pass(from: scope.address) {
            try Password.matches(proof, stored: found ?? Password.nobodys, pepper: pepper)
        }
    }

    /// The cookie with the new secret goes out with the answer, whatever that is.
    static func renew(withFactor: Bool, _ scope: inout Scope) throws {
        let secret = SessionCookie.fresh()
        try scope.database.execute("SELECT renew_session(\(SessionCookie.hash(secret)), \(withFactor))")
        scope.database.identity = secret
        scope.renewedSession = secret
        if case .identified(let identity) = scope.caller {
            scope.caller = .identified(identity.renewed(secret, at: scope.site.now()))
        }
    }
}

import Cryptography
import FoundationEssentials
import HTML
import HTTP
import PostgreSQL

/// The second step of signing in. Between the two the server keeps nothing: that the password was right stands sealed in
/// the form, bound to this browser, for five minutes.
enum SignInCode {
    private static let seconds: Int64 = 300

    static func ask(
        _ person: UUID, next: String?, problem: String?, kept: String?, _ request: Request, _ scope: inout Scope
    ) throws -> Response {
        guard let cookie = try request.cookies()[FormToken.anonymousCookie] else { throw Failure.formExpired }
        let pass = "\(person.lower) \(scope.site.now())"
        let sealed = base64(try PepperSeal("sign-in", scope.site).seal(Array(pass.utf8), context: cookie))
        let fields = FormFields(
            assets: scope.site.assets, problems: problem.map { [.init("/code", "refused", $0)] } ?? [])
        let content: HTML = """
            <div class="sheet flow"><h1>Second factor</h1>
            \(fields.summary("You are not signed in yet."))
            <form class="flow" method="post" action="/sign-in/code">\(FormToken.input(FormToken.make(for: cookie)))\
            \(SignIn.carried(next))\(KeptForm.carried(kept))<input type="hidden" name="pass" value="\(sealed)">
            \(fields.text(
                "code", "Code", "", hint: "Six digits from your authenticator, or one of your recovery codes",
                extra: "autocomplete=\"one-time-code\" spellcheck=\"false\" required autofocus"))
            <button class="btn main wide">Sign in</button></form>
            <p class="small dim">Authenticator and recovery codes lost? An admin can give you a recovery link.</p></div>
            """
        return SignIn.page("Second factor", content, cookie, failed: problem != nil, scope)
    }

    static func take(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        guard let cookie = try call.request.cookies()[FormToken.anonymousCookie],
            let person = try person(form, cookie, scope)
        else { return .redirect(to: "/sign-in") }
        let (next, kept) = (try form.one("next"), try form.one(KeptForm.field))
        guard try !isLocked(person, call.request, &scope),
            try SecondFactor.accept(try form.one("code") ?? "", of: person, &scope)
        else {
            try scope.database.execute("SELECT password_failed(\(person))")
            return try ask(
                person, next: next, problem: "This code is not good. Each is good for a minute and once.", kept: kept,
                call.request, &scope)
        }
        return try SignIn.open(person, withFactor: true, next: next, kept: kept, call.request, &scope)
    }

    private static func person(_ form: Form, _ cookie: String, _ scope: borrowing Scope) throws -> UUID? {
        guard let sealed = try form.one("pass").flatMap(unbase64),
            let pass = PepperSeal("sign-in", scope.site).open(sealed, context: cookie)
        else { return nil }
        let parts = String(decoding: pass, as: UTF8.self).split(separator: " ")
        guard parts.count == 2, let at = Int64(parts[1]), scope.site.now() - at < seconds * 1000 else { return nil }
        return UUID(uuidString: String(parts[0]))
    }

    /// Ten wrong codes lock like ten wrong passwords, and so the million of them is out of reach.
    private static func isLocked(_ person: UUID, _ request: Request, _ scope: inout Scope) throws -> Bool {
        let state = try scope.database.row("SELECT failures, is_locked FROM lock_of(\(person))") {
            (failures: try $0.int(0), isLocked: try $0.bool(1))
        }
        guard let state, state.isLocked else { return false }
        return try state.failures >= KnownDevice.mostFailures || !KnownDevice.isKnown(person, in: request, scope.site)
    }
}

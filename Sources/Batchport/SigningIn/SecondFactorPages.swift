import Cryptography
import FoundationEssentials
import HTML
import HTTP
import PostgreSQL

/// An admin without a second factor is led to set one up, and nowhere else.
enum Enrolment {
    static let path = "/settings/second-factor"
    private static let open: Set<String> = ["/settings/second-factor", "/sign-out", "/theme"]

    static func detour(_ route: Route, _ scope: borrowing Scope) -> Response? {
        guard case .identified(let identity) = scope.caller, identity.mustEnrol, route.rule != .anyone,
            !route.isAPI, !open.contains("/" + route.pattern.joined(separator: "/"))
        else { return nil }
        return .redirect(to: path)
    }
}

/// My second factor: set up, new recovery codes, removed where a member wants that.
enum SecondFactorPages {
    static let routes: [Route] = [
        .get(Enrolment.path, .signedIn, { call, scope in try show(randomBytes(TOTP.secretBytes), [], &scope) }),
        .post(Enrolment.path, .signedIn, enrol),
        .post("/settings/recovery-codes", .signedIn, renewCodes),
        .post("/settings/second-factor/remove", .signedIn, remove),
    ]

    private static func enrol(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let identity = try scope.identity()
        guard let sealed = try form.one("secret").flatMap(unbase64),
            let secret = PepperSeal("enrolment", scope.site).open(sealed, context: identity.person.lower)
        else { throw Failure.formExpired }
        var problems: [Failure.Problem] = []
        let now = try scope.database.row("SELECT clock_timestamp()") { try $0.milliseconds(0) } ?? 0
        let step = TOTP.step(of: try form.one("code") ?? "", secret, at: now)
        if step == nil {
            problems.append(
                .init("/code", "wrong", "This is not the authenticator's present code. Is the device's clock right?"))
        }
        if let problem = try StepUp.problem(form, &scope) { problems.append(problem) }
        guard problems.isEmpty, let step else { return try show(secret, problems, &scope) }
        let stored = try SecondFactor.seal(secret, of: identity.person, scope.site)
        return try store(stored, step: step, action: "secondFactor.set", &scope)
    }

    private static func renewCodes(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        guard try scope.identity().hasFactor else { throw Failure.notFound }
        if let problem = try StepUp.problem(form, &scope) { return try SettingsPages.show([problem], nil, &scope) }
        return try store(nil, step: 0, action: "recoveryCodes.renewed", &scope)
    }

    private static func store(
        _ sealed: [UInt8]?, step: Int64, action: String, _ scope: inout Scope
    ) throws -> Response {
        let site = scope.site
        let person = try scope.identity().person
        let codes = SecondFactor.freshRecoveryCodes()
        let hashes = codes.map { hex(SecondFactor.recoveryHash($0, of: person, site)) }
        try scope.database.transaction { database in
            try database.execute("SELECT set_factor(\(sealed), \(step), \(hashes))")
            try database.execute(Audit.entry(by: person, action, on: "person", person))
        }
        try StepUp.renew(withFactor: true, &scope)
        return Page(title: "Recovery codes", content: recovery(codes), isNarrow: true).response(in: scope)
    }

    private static func remove(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        if let problem = try StepUp.problem(form, &scope) { return try SettingsPages.show([problem], nil, &scope) }
        let person = try scope.identity().person
        try scope.database.transaction { database in
            let removed = try database.row("SELECT remove_factor()") { try $0.bool(0) }
            guard removed == true else { throw Failure.conflict("An admin must have a second factor.") }
            try database.execute(Audit.entry(by: person, "secondFactor.removed", on: "person", person))
        }
        return .redirect(to: "/settings")
    }

    private static func recovery(_ codes: [String]) -> HTML {
        let items = codes.map { code -> HTML in "<li><code>\(code)</code></li>" }
        return """
            <div class="sheet flow"><h1>Recovery codes</h1>
            <p>Keep them where your authenticator is not. Each signs you in once, in place of a code.
            They are not shown again.</p><ul class="flow" id="codes">\(items)</ul>
            <p>\(CopyButton.html("codes"))</p><p><a class="btn main wide" href="/jobs">I have kept them</a></p></div>
            """
    }

    private static func show(
        _ secret: [UInt8], _ problems: [Failure.Problem], _ scope: inout Scope
    ) throws -> Response {
        let identity = try scope.identity()
        let sealed = base64(
            try PepperSeal("enrolment", scope.site).seal(secret, context: identity.person.lower))
        let fields = FormFields(assets: scope.site.assets, problems: problems)
        let why: HTML? =
            identity.mustEnrol
            ? "<p>Admins need a second factor: until it is set up, you can do nothing else.</p>" : nil
        let content: HTML = """
            <div class="sheet flow"><h1>Second factor</h1>\(why)
            \(fields.summary("The second factor was not set up."))
            <ol class="flow"><li>In an authenticator (an app, or a password manager), add this account:
            <a href="\(TOTP.address(secret, email: identity.email, host: scope.site.host))">open it there</a>, or type
            <p class="mt2"><code id="secret">\(grouped(base32(secret)))</code> \(CopyButton.html("secret"))</p></li>
            <li>Type the six digits that it shows.</li></ol>
            <form class="flow" method="post" action="\(Enrolment.path)">\(FormToken.input(identity.formToken))
            <input type="hidden" name="secret" value="\(sealed)">
            \(fields.text(
                "code", "Code", "", extra: "inputmode=\"numeric\" autocomplete=\"one-time-code\" spellcheck=\"false\" required"))
            \(try StepUp.input(fields, &scope))
            <button class="btn main wide">Set it up</button></form></div>
            """
        return Page(
            title: "Second factor", content: content, status: problems.isEmpty ? 200 : 422, isNarrow: true
        ).response(in: scope)
    }

    private static func grouped(_ text: String) -> String {
        stride(from: 0, to: text.count, by: 4).map { String(text.dropFirst($0).prefix(4)) }.joined(separator: " ")
    }
}

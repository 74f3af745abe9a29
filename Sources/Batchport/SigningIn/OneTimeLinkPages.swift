import Cryptography
import FoundationEssentials
import HTML
import HTTP
import PostgreSQL

/// Where a one-time link leads: choose a password, and be in. A link that is mistyped, used, withdrawn or too old is one
/// and the same answer.
enum OneTimeLinkPages {
    static let routes: [Route] = [
        .get("/welcome/*", .anyone, { call, scope in try show(call, nil, [], &scope) }),
        .post("/welcome/*", .anyone, take),
    ]

    private static func take(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let hash = OneTimeLink.hash(call.parameters[0])
        guard let link = try scope.database.oneTimeLink(hash) else { return gone(scope) }
        let name = link.kind == .invitation ? try form.one("name") ?? "" : link.name
        let password = try form.one("password") ?? ""
        var problems = TextRules.problems("/name", "The name", name, longest: 128)
        if let objection = Password.objection(password, about: [link.email, name], known: scope.site.knownPasswords) {
            problems.append(.init("/password", "weak", objection))
        }
        guard problems.isEmpty else { return try show(call, name, problems, &scope) }
        let pepper = scope.site.pepper
        let stored = try scope.site.hashing.pass(from: scope.address) { try Password.store(password, pepper: pepper) }
        do {
            let person = try scope.database.row("SELECT use_one_time_link(\(hash), \(name), \(stored))") {
                try $0.uuidOptional(0)
            }
            guard person.flatMap(\.self) != nil else { return gone(scope) }
        } catch let error as PostgresError {
            guard error.isUniqueViolation else { throw error }
            let taken = Failure.Problem(
                "/name", "taken", "Somebody with the e-mail address of this invitation is here already: sign in.")
            return try show(call, name, [taken], &scope)
        }
        let done =
            link.kind == .invitation
            ? "You have joined. Sign in with the password that you have just chosen."
            : "Your new password is set. Sign in with it."
        return try SignIn.form(call.request, next: nil, email: link.email, problem: nil, done: done, &scope)
    }

    private static func show(
        _ call: Call, _ name: String?, _ problems: [Failure.Problem], _ scope: inout Scope
    ) throws -> Response {
        guard let link = try scope.database.oneTimeLink(OneTimeLink.hash(call.parameters[0])) else {
            return gone(scope)
        }
        let cookie = try call.request.cookies()[FormToken.anonymousCookie] ?? SessionCookie.fresh()
        let fields = FormFields(assets: scope.site.assets, problems: problems)
        let isInvitation = link.kind == .invitation
        let title = isInvitation ? "Welcome" : "A new password"
        let nameField: HTML? =
            isInvitation
            ? fields.text("name", "Your name", name ?? link.name, extra: "autocomplete=\"name\" required") : nil
        let content: HTML = """
            <div class="sheet flow"><h1>\(title)</h1>
            <p>\(isInvitation
                ? "You are invited to Batchport as" : "The second factor, if there is one, is taken away, and all sessions end, of")
            <strong>\(link.email)</strong>. This link is good once.</p>
            \(fields.summary("Nothing was changed; the link is still good."))
            <form class="flow" method="post" action="\(OneTimeLink.path(percentEncode(call.parameters[0])))">\
            \(FormToken.input(FormToken.make(for: cookie)))
            <input type="hidden" name="username" value="\(link.email)" autocomplete="username">\(nameField)
            \(fields.text(
                "password", "New password", "", hint: "At least 15 characters; a sentence is good",
                extra: "type=\"password\" autocomplete=\"new-password\" required"))
            <button class="btn main wide">\(isInvitation ? "Join" : "Set password")</button></form></div>
            """
        return SignIn.page(title, content, cookie, failed: !problems.isEmpty, scope)
    }

    private static func gone(_ scope: borrowing Scope) -> Response {
        let content: HTML = """
            <div class="sheet flow"><h1>This link is not good</h1>
            <p>It is mistyped, used, withdrawn, or too old. If you have used it yourself, <a href="/sign-in">sign in</a> with the \
            password that you chose then; else ask an admin for a new one.</p></div>
            """
        return Page(title: "This link is not good", content: content, status: 404, isNarrow: true).response(in: scope)
    }
}

extension Connection {
    fileprivate mutating func oneTimeLink(
        _ hash: [UInt8]
    ) throws -> (kind: OneTimeLink.Kind, email: String, name: String)? {
        try row("SELECT kind, email, name FROM one_time_link(\(hash))") { row in
            (
                kind: OneTimeLink.Kind(rawValue: try row.text(0)) ?? .recovery, email: try row.text(1),
                name: try row.text(2)
            )
        }
    }
}

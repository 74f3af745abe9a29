import Cryptography
import FoundationEssentials
import HTML
import HTTP
import PostgreSQL

/// The first admin, made by the one-time code that the installation printed (trust.md S7).
package enum FirstAdmin {
    static let routes: [Route] = [
        .get("/first-admin", .anyone, show),
        .post("/first-admin", .anyone, claim),
    ]

    /// Codes are 20 letters and digits in groups; blanks, hyphens and case do not matter when typed.
    package static func hash(of code: String) -> [UInt8] {
        sha256(Array(code.lowercased().filter { $0.isLetter || $0.isNumber }.utf8))
    }

    private static func show(_ call: Call, _ scope: inout Scope) throws -> Response {
        try form(call.request, Entry(), [], &scope)
    }

    private struct Entry {
        var code = ""
        var email = ""
        var name = ""
    }

    private static func claim(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let entry = Entry(
            code: try form.one("code") ?? "", email: try form.one("email") ?? "", name: try form.one("name") ?? "")
        let password = try form.one("password") ?? ""
        var problems = PersonRules.problems(email: entry.email, name: entry.name)
        if let objection = Password.objection(
            password, about: [entry.email, entry.name], known: scope.site.knownPasswords)
        {
            problems.append(.init("/password", "weak", objection))
        }
        if problems.isEmpty {
            let pepper = scope.site.pepper
            let stored = try scope.site.hashing.pass(from: scope.address) {
                try Password.store(password, pepper: pepper)
            }
            let made = try scope.database.row(
                "SELECT claim_first_admin(\(hash(of: entry.code)), \(entry.email), \(entry.name), \(stored)) AS made"
            ) { try $0.value("made", as: UUID?.self) }
            if made.flatMap(\.self) != nil { return .redirect(to: "/sign-in") }
            problems.append(
                .init(
                    "/code", "refused",
                    "This code is not good: it is mistyped, used, older than an hour, or there is an admin already."))
        }
        var response = try self.form(call.request, entry, problems, &scope)
        response.status = 422
        return response
    }

    private static func form(
        _ request: Request, _ entry: Entry, _ problems: [Failure.Problem], _ scope: inout Scope
    ) throws -> Response {
        let cookie = try request.cookies()[FormToken.anonymousCookie] ?? SessionCookie.fresh()
        let fields = FormFields(assets: scope.site.assets, problems: problems)
        let content: HTML = """
            <div class="sheet flow"><h1>First admin</h1>
            <p>The installation printed a one-time code. It is good for an hour and for one person.</p>
            \(fields.summary("Nobody was added."))
            <form class="flow" method="post" action="/first-admin">\(FormToken.input(FormToken.make(for: cookie)))
            \(fields.text("code", "One-time code", entry.code, extra: "autocomplete=\"off\" spellcheck=\"false\" required"))
            \(fields.text("name", "Your name", entry.name, extra: "autocomplete=\"name\" required"))
            \(fields.text("email", "E-mail address", entry.email, extra: "type=\"email\" autocomplete=\"username\" required"))
            \(fields.text(
                "password", "Password", "", hint: "At least 15 characters; a sentence is good",
                extra: "type=\"password\" autocomplete=\"new-password\" required"))
            <button class="btn main wide">Become the admin</button></form></div>
            """
        var response = Page(title: "First admin", content: content, isNarrow: true).response(in: scope)
        response.headers.add(
            "Set-Cookie", "\(FormToken.anonymousCookie)=\(cookie); Path=/; Secure; HttpOnly; SameSite=Lax")
        return response
    }
}

/// What an e-mail address and a name must be.
package enum PersonRules {
    package static func problems(email: String, name: String) -> [Failure.Problem] {
        var problems: [Failure.Problem] = []
        if !isAddress(email) {
            problems.append(
                .init(
                    "/email", "malformed",
                    """
                    The e-mail address must be one such as name@example.org: ASCII, without blanks, brackets, quotes, \
                    commas and semicolons, at most 254 characters.
                    """, limit: 254))
        }
        problems += TextRules.problems("/name", "The name", name, longest: 128)
        return problems
    }

    /// Of new addresses; whoever has another kind from earlier signs in with it all the same.
    static func isAddress(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard parts.count == 2, text.utf8.count <= 254, (1...64).contains(parts[0].count) else { return false }
        let refused = Set("<>,;:\"()[]\\".utf8)
        guard parts[0].allSatisfy({ (0x21...0x7E).contains($0) && !refused.contains($0) }) else { return false }
        return parts[1].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy(isLabel)
    }

    private static func isLabel(_ label: Substring.UTF8View) -> Bool {
        let hyphen = UInt8(ascii: "-")
        guard (1...63).contains(label.count), label.first != hyphen, label.last != hyphen else { return false }
        return label.allSatisfy { byte in
            let lower = byte | 0x20
            return byte == hyphen || (0x30...0x39).contains(byte) || (0x61...0x7A).contains(lower)
        }
    }
}

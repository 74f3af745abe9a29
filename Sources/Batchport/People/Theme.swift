import HTML
import HTTP

/// Light or dark, where a reader wants another than the system's.
enum Theme: String, Sendable, CaseIterable {
    case light
    case dark

    static let routes: [Route] = [.post("/theme", .signedIn, choose)]

    private static let cookie = "__Host-batchport-theme"

    static func of(_ request: Request) -> Theme? {
        (try? request.cookies()[cookie]).flatMap { Theme(rawValue: $0) }
    }

    private static func choose(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        var response = Response.redirect(to: SafePath.of(try form.one("next")) ?? "/jobs")
        let chosen = try form.one("theme").flatMap(Theme.init(rawValue:))
        let age = chosen == nil ? 0 : 31_536_000
        response.headers.add(
            "Set-Cookie",
            "\(cookie)=\(chosen?.rawValue ?? ""); Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=\(age)")
        return response
    }

    static func menu(_ formToken: String) -> HTML {
        """
        <form method="post" action="/theme">\(FormToken.input(formToken))<fieldset><legend class="label">Theme</legend><ul>\
        <li><button name="theme" value="">As the system</button></li>\
        <li><button name="theme" value="light">Light</button></li>\
        <li><button name="theme" value="dark">Dark</button></li></ul></fieldset></form>
        """
    }
}

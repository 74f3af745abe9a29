import HTML
import HTTP

/// The frame every page stands in. `title` leads with the state; `state` colours the line at the top.
struct Page {
    static let version = ProgramVersion.text

    let title: String
    var state: String?
    let content: HTML
    var footnote: HTML?
    var status = 200
    var isNarrow = false
    var section = ""
    var contentPolicy = SecurityHeaders.ContentPolicy()
    /// Seconds after which the page asks itself anew, only where the reader asked for it (`?refresh=15`).
    var refresh: Int?
    /// Something is typed here: the page says when its session ends.
    var isForm = false

    func response(in scope: borrowing Scope) -> Response {
        response(on: scope.site, for: scope.caller, scope.theme)
    }

    func response(on site: Site, for caller: Caller, _ theme: Theme?) -> Response {
        var response = Response.html(document(site, caller, theme), status: status)
        response.headers.set("Content-Security-Policy", contentPolicy.text)
        if let refresh { response.headers.set("Refresh", String(refresh)) }
        return response
    }

    private func document(_ site: Site, _ caller: Caller, _ theme: Theme?) -> HTML {
        let assets = site.assets
        let kind: HTML = isNarrow ? " class=\"narrow\"" : ""
        let themeMark: HTML? = theme.map { " data-theme=\"\($0.rawValue)\"" }
        let top: HTML? = state.map { " data-s=\"\($0)\"" }
        return """
            <!doctype html>
            <html lang="en"\(themeMark)>
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(title) – Batchport</title>
            <link rel="stylesheet" href="\(assets.path("app.css"))">
            <link rel="icon" type="image/svg+xml" href="\(assets.path("mark.svg"))">
            <script type="module" src="\(assets.path("app.js"))"></script>
            </head>
            <body\(idle(caller))>
            <a class="skip" href="#main">Skip to content</a>
            <header class="top"\(top)><div class="top-in">
            <a class="brand" href="/jobs">\(assets.icon("mark"))Batchport</a>
            \(navigation(caller, assets))
            </div></header>
            <main id="main"\(kind)>
            \(content)\(isForm ? IdleNote.html(caller, now: site.now()) : nil)
            </main>
            <footer class="foot"><span>Batchport \(Self.version) · <a href="\(assets.path("openapi.json"))">API</a></span>\
            \(footnote)</footer>
            </body>
            </html>

            """
    }

    /// For the script that warns in time.
    private func idle(_ caller: Caller) -> HTML? {
        guard case .identified(let identity) = caller else { return nil }
        return identity.idleSeconds.map { " data-idle=\"\($0)\"" }
    }

    private func navigation(_ caller: Caller, _ assets: Assets) -> HTML? {
        guard case .identified(let identity) = caller else { return nil }
        return """
            <nav class="nav" aria-label="Main"><ul>
            \(item("Jobs", "/jobs"))\(item("Environments", "/environments"))\(item("Credentials", "/credentials"))\
            \(item("Tokens", "/tokens"))\(identity.isAdmin ? item("Admin", "/admin/people") : nil)
            </ul></nav>
            <div class="top-end">
            <a class="btn main small" href="/jobs/new">\(assets.icon("plus"))New job</a>
            <details class="menu"><summary>\(assets.icon("user"))<span>\(identity.name)</span></summary>
            <div><p class="small dim">\(identity.email)</p><ul><li><a href="/settings">Settings</a></li></ul><hr>\(Theme.menu(identity.formToken))<hr>
            <form method="post" action="/sign-out">\(FormToken.input(identity.formToken))
            <ul><li><button>Sign out</button></li></ul></form></div></details>
            </div>
            """
    }

    private func item(_ name: String, _ path: String) -> HTML {
        let current: HTML? = section == name ? " aria-current=\"page\"" : nil
        return "<li><a href=\"\(path)\"\(current)>\(name)</a></li>"
    }
}

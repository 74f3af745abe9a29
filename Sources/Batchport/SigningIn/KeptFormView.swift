import FoundationEssentials
import HTML
import PostgreSQL

/// After signing in again: what was entered before, to be sent by its own form after a last look.
struct KeptFormView {
    let kept: KeptForm
    let formToken: String
    let assets: Assets

    private static let longest = 2000

    var page: Page { Page(title: "Signed in again – not sent yet", state: "warn", content: content, isNarrow: true) }

    /// The form of a new job comes back as a form: files must be chosen again there. Others are sent as they were.
    private var comesBack: Bool { kept.isMultipart }

    private var content: HTML {
        let kind: HTML? = kept.isMultipart ? " enctype=\"multipart/form-data\"" : nil
        let fields = kept.fields.filter { !(comesBack && $0.name == "do") }
        let hidden = fields.map { field -> HTML in
            "<input type=\"hidden\" name=\"\(field.name)\" value=\"\(field.value)\">"
        }
        let back: HTML? = comesBack ? "<input type=\"hidden\" name=\"do\" value=\"show\">" : nil
        return """
            <div class="sheet flow"><h1>You are signed in again</h1>
            <p>You were signed out before this was sent to <code>\(kept.path)</code>. Nothing was done yet.</p>\(losses)
            <dl class="rows small">\(fields.filter { !$0.value.isEmpty && $0.name != "key" }.map(row))</dl>
            <form class="flow" method="post" action="\(kept.path)"\(kind)>\(FormToken.input(formToken))\(hidden)\(back)
            <div class="acts"><button class="btn main">\(comesBack ? "Go on with the form" : "Send it now")</button>
            <a class="btn" href="/jobs">Leave it</a></div></form></div>
            """
    }

    private var losses: HTML? {
        var lost: [String] = []
        if kept.droppedSecrets { lost.append("Passwords and keys are not kept: enter them again.") }
        if !kept.files.isEmpty { lost.append("Choose these files again: \(kept.files.joined(separator: ", ")).") }
        return lost.isEmpty ? nil : "<p>\(lost.joined(separator: " "))</p>"
    }

    private func row(_ field: (name: String, value: String)) -> HTML {
        let cut = field.value.unicodeScalars.count > Self.longest
        let text = cut ? String(field.value.unicodeScalars.prefix(Self.longest)) + " …" : field.value
        return "<div><dt>\(field.name)</dt><dd class=\"typed\">\(text)</dd></div>"
    }
}

/// When a session ends if nothing is sent, on pages where something is typed.
enum IdleNote {
    static func html(_ caller: Caller, now: Int64) -> HTML? {
        guard case .identified(let identity) = caller, let idle = identity.idleSeconds else { return nil }
        // What is written at most once a minute may be that old already.
        let end = Instant((identity.seenAt.map { now - $0 > 60_000 ? now : $0 } ?? now) + Int64(idle) * 1000)
        return """
            <p class="small dim mt5">You are signed out at \(end.element(end.clock)) UTC if nothing is sent until then. What \
            you typed, passwords and keys apart, is kept if you send it after that: sign in again and go on.</p>
            """
    }
}

extension Connection {
    /// Whose session this secret was, where it ran out by itself.
    mutating func lapsedPerson(_ secret: String) throws -> UUID? {
        try row("SELECT person_of_lapsed_session(\(SessionCookie.hash(secret)))") { try $0.uuidOptional(0) } ?? nil
    }
}

import HTML

/// Limits that belong together on their page, by the first parts of their names.
struct LimitSection {
    let title: String
    private let says: String
    private let rooms: [String]

    static let all = [
        Self(
            title: "Sessions, tokens and links", says: "Who is signed in, and for how long.",
            ["session", "token", "invitation", "recovery"]),
        Self(title: "Credentials", says: "What one person keeps in the vault.", ["credential"]),
        Self(title: "Submissions", says: "What one job may bring with it.", ["code", "inputs", "array", "upload"]),
        Self(title: "What is kept", says: "Of logs, outputs and results.", ["log", "previews", "result", "results"]),
        Self(title: "Sending", says: "A job whose answer from AWS was lost.", ["submission"]),
        Self(title: "Asking AWS", says: "How soon a change of a job is seen.", ["track"]),
        Self(title: "Sparing AWS", says: "All users of an account share its limits.", ["aws", "retry", "breaker"]),
        Self(title: "Requests", says: "Of people and programs to this portal.", ["rate", "audit"]),
        others,
    ]
    /// What no other section holds.
    private static let others = Self(title: "Others", says: "", [])

    private init(title: String, says: String, _ rooms: [String]) {
        self.title = title
        self.says = says
        self.rooms = rooms
    }

    func holds(_ name: String) -> Bool {
        let room = name.prefix { $0 != "." }
        if rooms.isEmpty { return !Self.all.contains { $0.rooms.contains(String(room)) } }
        return rooms.contains(String(room))
    }

    /// Nothing where it has no fields.
    func html(_ fields: [HTML]) -> HTML? {
        if fields.isEmpty { return nil }
        let id = title.lowercased().replacing(" ", with: "-")
        return """
            <section class="sec" aria-labelledby="\(id)"><div class="side"><h2 id="\(id)">\(title)</h2><p>\(says)</p></div>
            <div class="limits">\(fields)</div></section>
            """
    }
}

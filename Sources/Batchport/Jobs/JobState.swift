import HTML

/// The one table of state words: AWS's statuses, and our phases around them, each with icon and colour. Pages and API
/// both read it, so they cannot disagree.
struct JobState: Sendable {
    let word: String
    /// Icon, `data-s` and search word.
    let key: String
    /// Ours, never AWS's word: shown with a dashed ring.
    let isOurs: Bool
    /// The sprite's and style sheet's name, in lower case.
    let style: String

    init(word: String, key: String, isOurs: Bool) {
        self.word = word
        self.key = key
        self.isOurs = isOurs
        style = key.lowercased()
    }

    static let statuses: [JobState] = [
        "Submitted", "Pending", "Runnable", "Starting", "Running", "Succeeded", "Failed",
    ]
    .map { JobState(word: $0, key: $0.lowercased(), isOurs: false) }

    static let phases: [JobState] = [
        ("Held", "held"), ("Queued", "queued"), ("Sending", "sending"), ("Checking", "checking"), ("Sent", "sent"),
        ("Refused", "refused"), ("Never sent", "neverSent"), ("Lost", "lost"),
    ].map { JobState(word: $0.0, key: $0.1, isOurs: true) }

    static let all = phases + statuses

    /// By the word or the key, in whatever case.
    static func find(_ name: String) -> JobState? {
        all.first { $0.key.lowercased() == name.lowercased() || $0.word.lowercased() == name.lowercased() }
    }

    private static let byName = Dictionary(
        all.flatMap { [($0.word, $0), ($0.key, $0)] }, uniquingKeysWith: { first, _ in first })

    /// By the exact word or key, as the database has it.
    static func named(_ name: String) -> JobState {
        byName[name] ?? JobState(word: name, key: name, isOurs: true)
    }

    func badge(_ assets: Assets) -> Badge { Badge(state: self, icon: assets.icon(style)) }

    struct Badge: HTMLWritable {
        let state: JobState
        let icon: HTML

        func write(to html: inout HTML) {
            html.append(markup: "<span class=\"state\" data-s=\"")
            html.append(text: state.style)
            html.append(markup: "\">")
            html += icon
            html.append(text: state.word)
            html.append(markup: "</span>")
        }
    }

    func plate(_ assets: Assets) -> HTML {
        let ours: HTML? = isOurs ? " ours" : nil
        return "<span class=\"state plate\(ours)\" data-s=\"\(style)\">\(assets.icon(style))\(word)</span>"
    }
}

import FoundationEssentials

/// The list's search line: `status:failed,running env:genomics owner:me since:2026-11-01` and words of the name.
struct JobSearch {
    let text: String
    private(set) var filter = JobFilter()
    private(set) var problems: [String] = []

    init(_ text: String) {
        self.text = text
        var words: [String] = []
        for part in text.split(separator: " ").map(String.init) {
            guard let colon = part.firstIndex(of: ":"), colon != part.startIndex else {
                words.append(part)
                continue
            }
            read(key: part[..<colon].lowercased(), value: String(part[part.index(after: colon)...]))
        }
        if !words.isEmpty { filter.text = words.joined(separator: " ") }
    }

    /// `2026-11-01`, from midnight UTC.
    private mutating func day(_ text: String) -> Int64? {
        let found = Instant(rfc3339: text + "T00:00:00Z")
        if found == nil { problems.append("\u{201C}\(text)\u{201D} is no date such as 2026-11-01.") }
        return found?.milliseconds
    }

    private mutating func read(key: String, value: String) {
        switch key {
        case "status":
            for name in value.split(separator: ",").map(String.init) {
                if let state = JobState.find(name) {
                    filter.states.append(state.isOurs ? state.key : state.word)
                } else {
                    problems.append("There is no state named \u{201C}\(name)\u{201D}.")
                }
            }
        case "env": filter.environment = value
        case "owner" where value == "me": filter.onlyMine = true
        case "settled" where value == "yes" || value == "no": filter.settled = value == "yes"
        case "since": filter.since = day(value)
        case "before": filter.until = day(value)
        default:
            problems.append(
                "The search knows status:, env:, owner:me, settled:, since: and before:, not \u{201C}\(key):\(value)\u{201D}."
            )
        }
    }
}

import FoundationEssentials

/// The list's search line: `status:failed,running env:genomics owner:me` and words of the name.
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
        default: problems.append("The search knows status:, env: and owner:me, not \u{201C}\(key):\u{201D}.")
        }
    }
}

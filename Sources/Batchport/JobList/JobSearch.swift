import FoundationEssentials

/// The list's search line: `status:failed,running env:genomics owner:me since:2026-11-01 -tag:test`, words of the name,
/// or a job's id. A minus in front takes away what fits; commas part what may fit instead. What is quoted is text, in a
/// value (`tag:"a name:its value"`) or as part of the name.
struct JobSearch {
    let text: String
    private(set) var terms: [JobFilter.Term] = []
    private(set) var problems: [String] = []
    /// All of the line is one job's id, AWS's or ours.
    private(set) var isOneID = false

    private static let keys = "status:, type:, env:, owner:, tag:, settled:, since: and before:"

    init(_ text: String) {
        self.text = text
        var plain: [String] = []
        let words = SearchWord.words(text)
        for word in words {
            let isNegated = word.negated != nil
            let bare = word.negated ?? word
            let name = bare.text
            if !bare.hasQuotes, Self.isID(name) {
                add([.eitherID(name)], isNegated)
                isOneID = words.count == 1 && !isNegated
            } else if let (key, value) = bare.halves(at: ":"), !key.isEmpty, !key.hasQuotes {
                read(key: key.text.lowercased(), value, isNegated)
            } else if isNegated || bare.hasQuotes {
                add([.text(name)], isNegated)
            } else {
                plain.append(name)
            }
        }
        if !plain.isEmpty { add([.text(plain.joined(separator: " "))], false) }
    }

    /// AWS's ids are UUIDs as ours are, with `:3` behind where it is an array's child.
    private static func isID(_ word: String) -> Bool {
        let head = word.prefix { $0 != ":" }
        return UUID(uuidString: String(head)) != nil && word.dropFirst(head.count + 1).allSatisfy(\.isNumber)
    }

    private mutating func add(_ tests: [JobFilter.Test], _ isNegated: Bool) {
        if !tests.isEmpty { terms.append(.init(anyOf: tests, isNegated: isNegated)) }
    }

    private mutating func read(key: String, _ word: SearchWord, _ isNegated: Bool) {
        let parts = word.parts(at: ",")
        let (value, values) = (word.text, parts.map(\.text))
        if values.isEmpty { return problems.append("\u{201C}\(key):\u{201D} needs a value.") }
        switch key {
        case "status": add(states(values), isNegated)
        case "type": add(oneOf(["Single", "Array"], key, values).map(JobFilter.Test.type), isNegated)
        case "env": add(values.map(JobFilter.Test.environment), isNegated)
        case "owner": add(values.map { $0.lowercased() == "me" ? .mine : .owner($0) }, isNegated)
        case "tag": add(parts.map(Self.tag), isNegated)
        case "settled":
            let known = ["yes", "no", "true", "false"]
            add(oneOf(known, key, values).map { .settled($0 == "yes" || $0 == "true") }, isNegated)
        case "since": add(moment(value).map { [.since($0)] } ?? [], isNegated)
        case "before": add(moment(value).map { [.until($0)] } ?? [], isNegated)
        default:
            problems.append(
                """
                The search knows \(Self.keys), not \u{201C}\(key):\u{201D}. In double quotes it is looked for in the names.
                """)
        }
    }

    private mutating func states(_ names: [String]) -> [JobFilter.Test] {
        let states = names.compactMap { name -> String? in
            guard let state = JobState.find(name) else {
                problems.append("There is no state named \u{201C}\(name)\u{201D}.")
                return nil
            }
            return state.isOurs ? state.key : state.word
        }
        return states.isEmpty ? [] : [.states(states)]
    }

    private mutating func oneOf(_ known: [String], _ key: String, _ values: [String]) -> [String] {
        values.compactMap { value in
            let found = known.first { $0.lowercased() == value.lowercased() }
            if found == nil {
                problems.append(
                    "\u{201C}\(key):\(value)\u{201D}: it must be \(known.joined(separator: " or ")).")
            }
            return found
        }
    }

    /// `project` or `project:t2t`, as the form of a new job has them. The first colon outside of quotes parts name from
    /// value, or else the first one.
    private static func tag(_ word: SearchWord) -> JobFilter.Test {
        if let (name, value) = word.halves(at: ":") { return .tag(name.text, value.text) }
        let halves = word.text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        return .tag(halves[0], halves.count > 1 ? halves[1] : nil)
    }

    /// `2026-11-01`, which is its midnight UTC, or a time as the API writes it.
    private mutating func moment(_ text: String) -> Int64? {
        let found = Instant(rfc3339: text.contains("T") ? text : text + "T00:00:00Z")
        if found == nil { problems.append("\u{201C}\(text)\u{201D} is no date such as 2026-11-01.") }
        return found?.milliseconds
    }
}

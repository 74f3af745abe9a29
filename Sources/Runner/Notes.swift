internal import Processes

/// What a person should know about this attempt: said on standard error, where the job's log shows it, and kept for
/// the outcome.
struct Notes {
    private(set) var messages: [String] = []
    private var isFull = false
    private static let maxMessages = 100
    private static let maxLength = 1000

    /// One sentence.
    mutating func add(_ sentence: String) {
        guard !isFull else { return }
        isFull = messages.count == Self.maxMessages - 1
        let sentence = isFull ? "There are more messages than are kept." : String(sentence.prefix(Self.maxLength))
        messages.append(sentence)
        StandardError.write(line: "batchport-runner: " + sentence)
    }
}

/// A name as it may stand in a sentence: in quotes, control characters and marks that reorder text written out.
func quoted(_ name: some StringProtocol) -> String {
    let shown = name.unicodeScalars.prefix(200).map { scalar in
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
            "\\u{\(String(scalar.value, radix: 16))}"
        default: String(scalar)
        }
    }
    return "\u{201C}" + shown.joined() + (name.unicodeScalars.count > 200 ? "…" : "") + "\u{201D}"
}

import JSON
import PostgreSQL

/// How an array's children stand, by AWS's word on each; those that it no longer knows are counted apart.
struct ChildCounts {
    let total: Int
    /// What is not there is zero.
    private let counts: [String: Int]

    /// AWS's words in AWS's order.
    static let order = ["Submitted", "Pending", "Runnable", "Starting", "Running", "Succeeded", "Failed"]
    static let lost = "Lost"
    /// What children can be asked for by.
    static let words = order + [lost]

    init(of total: Int, _ json: JSONText) throws {
        self.total = total
        let members = try JSONValue.parse(json.bytes).members ?? []
        counts = Dictionary(members.map { ($0.name, $0.value.integer ?? 0) }) { first, _ in first }
    }

    subscript(_ status: String) -> Int { counts[status] ?? 0 }

    var ended: Int { self["Succeeded"] + self["Failed"] }
    /// Of those AWS has not spoken.
    var unknown: Int { max(0, total - Self.words.reduce(0) { $0 + self[$1] }) }

    /// The array's state by its children's: the furthest that any of them is on its way; nil while nothing is known.
    var derivedStatus: String? {
        if ended + self[Self.lost] == total { return nil }
        return ["Running", "Starting", "Runnable", "Pending", "Submitted"].first { self[$0] > 0 }
            ?? (ended > 0 ? "Running" : nil)
    }

    /// All of them: those of which AWS has not spoken stand as the array does.
    func members(_ phase: String) -> [JSONValue.Member] {
        var said = Self.order.map { ($0, self[$0]) }
        let ours = JobStanding(phase: phase, status: nil, settledAt: nil).state.word
        for (word, count) in [(Self.lost, self[Self.lost]), (ours, unknown)] where count > 0 {
            if let n = said.firstIndex(where: { $0.0 == word }) {
                said[n].1 += count
            } else {
                said.append((word, count))
            }
        }
        return [
            .init("childJobCount", JSONValue(total)),
            .init("childJobStatusCounts", .object(said.map { .init($0.0, JSONValue($0.1)) })),
        ]
    }
}

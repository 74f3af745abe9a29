import AWS
import Cryptography
import HTTP
import JSON

/// What a signed form allows: conditions on its fields, on the size of its file, and an end.
struct PostPolicy: Sendable {
    enum Condition: Sendable, Equatable {
        case equals(field: String, String)
        case startsWith(field: String, String)

        var field: String {
            switch self {
            case .equals(let field, _), .startsWith(let field, _): field
            }
        }

        func holds(_ value: String) -> Bool {
            switch self {
            // By bytes: Swift's == takes composed and decomposed letters for the same.
            case .equals(_, let wanted): value.utf8.elementsEqual(wanted.utf8)
            case .startsWith(_, let wanted): value.utf8.starts(with: wanted.utf8)
            }
        }

        var text: String {
            let (word, wanted) =
                switch self {
                case .equals(_, let wanted): ("eq", wanted)
                case .startsWith(_, let wanted): ("starts-with", wanted)
                }
            return JSONValue.array([.string(word), .string("$\(field)"), .string(wanted)]).text
        }
    }

    /// Milliseconds.
    let expiresAt: Int64
    let conditions: [Condition]
    let size: ClosedRange<Int>?

    /// Of its JSON in base64, as the form carries it.
    init(_ base64: String) throws(LocalFault) {
        guard let bytes = unbase64(base64), let document = try? JSONValue.parse(bytes) else {
            throw Self.invalid("Invalid JSON.")
        }
        guard let end = document["expiration"]?.string.flatMap(AmzDate.parseDashed) else {
            throw Self.invalid("Missing or malformed expiration.")
        }
        expiresAt = end
        var conditions: [Condition] = []
        var size: ClosedRange<Int>?
        for item in document["conditions"]?.array ?? [] {
            if let range = try Self.range(item) { size = range } else { conditions += try Self.conditions(item) }
        }
        self.conditions = conditions
        self.size = size
    }

    /// `fields` with lower-case names, `bucket` among them.
    func check(_ fields: [String: String], now: Int64) throws(LocalFault) {
        guard now <= expiresAt else { throw Self.refused("Policy expired.") }
        for condition in conditions where !condition.holds(fields[condition.field] ?? "") {
            throw Self.refused("Policy Condition failed: \(condition.text)")
        }
        let covered = Set(conditions.map(\.field))
        let free: Set = ["x-amz-signature", "policy", "file", "bucket"]
        let extra = fields.keys.filter { !covered.contains($0) && !free.contains($0) && !$0.hasPrefix("x-ignore-") }
        guard extra.isEmpty else { throw Self.refused("Extra input fields: \(extra.sorted().joined(separator: ", "))") }
    }

    private static func range(_ item: JSONValue) throws(LocalFault) -> ClosedRange<Int>? {
        guard item[0]?.string == "content-length-range" else { return nil }
        // boto3 sends numbers, AWS's examples have text as well.
        let bounds = [item[1], item[2]].map { $0?.integer ?? $0?.string.flatMap { Int($0) } }
        guard let low = bounds[0], let high = bounds[1], low >= 0, low <= high else {
            throw invalid("Invalid content-length-range.")
        }
        return low...high
    }

    private static func conditions(_ item: JSONValue) throws(LocalFault) -> [Condition] {
        if let members = item.members {
            var found: [Condition] = []
            for member in members {
                guard let value = member.value.string else { throw invalid("Invalid Simple-Condition.") }
                found.append(.equals(field: member.name.lowercased(), value))
            }
            return found
        }
        guard let name = item[1]?.string, name.hasPrefix("$"), let value = item[2]?.string else {
            throw invalid("Invalid Condition.")
        }
        let field = name.dropFirst().lowercased()
        switch item[0]?.string?.lowercased() {
        case "eq": return [.equals(field: field, value)]
        case "starts-with": return [.startsWith(field: field, value)]
        default: throw invalid("Invalid Condition.")
        }
    }

    private static func invalid(_ reason: String) -> LocalFault {
        LocalFault(code: "InvalidPolicyDocument", message: "Invalid Policy: \(reason)")
    }

    private static func refused(_ reason: String) -> LocalFault {
        LocalFault(status: 403, code: "AccessDenied", message: "Invalid according to Policy: \(reason)")
    }
}

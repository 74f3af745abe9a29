/// What an operator compares, whichever way round it is meant.
enum PolicyComparison: Sendable, Equatable {
    case string
    case stringIgnoringCase
    case stringLike
    case number(Order)
    case date(Order)
    case bool
    case binary
    case address
    case arn
    case null

    enum Order: Sendable {
        case equal
        case less
        case lessOrEqual
        case greater
        case greaterOrEqual

        func holds<T: Comparable>(_ a: T, _ b: T) -> Bool {
            switch self {
            case .equal: a == b
            case .less: a < b
            case .lessOrEqual: a <= b
            case .greater: a > b
            case .greaterOrEqual: a >= b
            }
        }
    }

    static let named: [String: (PolicyComparison, isNegated: Bool)] = [
        "StringEquals": (.string, false), "StringNotEquals": (.string, true),
        "StringEqualsIgnoreCase": (.stringIgnoringCase, false),
        "StringNotEqualsIgnoreCase": (.stringIgnoringCase, true),
        "StringLike": (.stringLike, false), "StringNotLike": (.stringLike, true),
        "NumericEquals": (.number(.equal), false), "NumericNotEquals": (.number(.equal), true),
        "NumericLessThan": (.number(.less), false), "NumericLessThanEquals": (.number(.lessOrEqual), false),
        "NumericGreaterThan": (.number(.greater), false),
        "NumericGreaterThanEquals": (.number(.greaterOrEqual), false),
        "DateEquals": (.date(.equal), false), "DateNotEquals": (.date(.equal), true),
        "DateLessThan": (.date(.less), false), "DateLessThanEquals": (.date(.lessOrEqual), false),
        "DateGreaterThan": (.date(.greater), false), "DateGreaterThanEquals": (.date(.greaterOrEqual), false),
        "Bool": (.bool, false), "BinaryEquals": (.binary, false), "Null": (.null, false),
        "IpAddress": (.address, false), "NotIpAddress": (.address, true),
        "ArnEquals": (.arn, false), "ArnLike": (.arn, false), "ArnNotEquals": (.arn, true), "ArnNotLike": (.arn, true),
    ]

    var hasWildcards: Bool { self == .stringLike || self == .arn }

    /// An empty text is a value for these, and nothing for the others.
    var isText: Bool { [.string, .stringIgnoringCase, .stringLike].contains(self) }

    /// Whether the text may stand in a policy: as `takes`, but of an ARN the beginning is enough, and a variable is not
    /// looked into.
    func admits(_ text: String) -> Bool {
        if self == .arn { return text == "*" || text.hasPrefix("arn:") }
        return text.contains("${") || takes(text)
    }

    /// Whether a request's text is something that can be compared so.
    func takes(_ text: String) -> Bool {
        switch self {
        case .number: return Double(text) != nil
        case .date: return PolicyDate.seconds(text) != nil
        case .bool, .null: return ["true", "false"].contains(text.lowercased())
        case .address: return AddressRange(text) != nil
        case .arn: return Self.segments(text).count == 6
        case .string, .stringIgnoringCase, .stringLike, .binary: return true
        }
    }

    /// - Parameters:
    ///   - value: the request's.
    ///   - pattern: the policy's, with what may stand in it; `text` is the same as it was written.
    func holds(_ value: String, _ pattern: PolicyPattern, _ text: String, _ context: AccessContext) -> Bool {
        switch self {
        case .string, .stringLike, .binary: return pattern.matches(value, context)
        case .stringIgnoringCase: return pattern.matches(value, ignoringCase: true, context)
        case .number(let order):
            guard let (a, b) = Self.both(value, text, { Double($0) }) else { return false }
            return order.holds(a, b)
        case .date(let order):
            guard let (a, b) = Self.both(value, text, PolicyDate.seconds) else { return false }
            return order.holds(a, b)
        case .bool: return value.lowercased() == text.lowercased()
        case .address:
            guard let (address, range) = Self.both(value, text, { AddressRange($0) }) else { return false }
            return range.contains(address)
        case .arn: return pattern.byARNSegments.matches(value, context)
        case .null: return false
        }
    }

    private static func both<T>(_ a: String, _ b: String, _ read: (String) -> T?) -> (T, T)? {
        guard let a = read(a), let b = read(b) else { return nil }
        return (a, b)
    }

    private static func segments(_ text: String) -> [Substring] {
        text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
    }
}

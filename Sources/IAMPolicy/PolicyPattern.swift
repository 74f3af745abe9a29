/// A text of a policy with `*` (any characters), `?` (any one character) and variables (`${aws:username}`,
/// `${aws:PrincipalTag/team, 'none'}`; `${*}`, `${?}` and `${$}` for these characters themselves).
struct PolicyPattern: Sendable, Equatable {
    private enum Part: Sendable, Equatable {
        case byte(UInt8)
        case one
        case any
        /// As `any`, but not past a colon: within a segment of an ARN.
        case anyButColons
        case variable(String, fallback: String?)
    }

    private let parts: [Part]

    init(_ text: String, hasVariables: Bool, hasWildcards: Bool = true) throws(PolicyProblem) {
        var parts: [Part] = []
        var rest = Substring(text).utf8
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "*") where hasWildcards: parts.append(.any)
            case UInt8(ascii: "?") where hasWildcards: parts.append(.one)
            case UInt8(ascii: "$") where hasVariables && rest.first == UInt8(ascii: "{"):
                guard let end = rest.firstIndex(of: UInt8(ascii: "}")) else {
                    throw PolicyProblem("A variable of \(text) has no end.")
                }
                parts.append(try Self.variable(Substring(rest[..<end].dropFirst()), in: text))
                rest = rest[end...].dropFirst()
            default: parts.append(.byte(byte))
            }
        }
        self.parts = parts
    }

    private init(parts: [Part]) { self.parts = parts }

    private static func variable(_ content: Substring, in text: String) throws(PolicyProblem) -> Part {
        if content.utf8.count == 1, let byte = content.utf8.first, "*?$".utf8.contains(byte) { return .byte(byte) }
        let halves = content.split(separator: ",", maxSplits: 1)
        guard let key = halves.first.map(trimmed), !key.isEmpty else {
            throw PolicyProblem("A variable of \(text) has no name.")
        }
        guard halves.count > 1 else { return .variable(key.lowercased(), fallback: nil) }
        let fallback = trimmed(halves[1])
        guard fallback.utf8.count >= 2, fallback.hasPrefix("'"), fallback.hasSuffix("'") else {
            throw PolicyProblem("The default of a variable of \(text) must stand in single quotation marks.")
        }
        return .variable(key.lowercased(), fallback: String(fallback.dropFirst().dropLast()))
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }

    /// The pattern for an ARN's resource: in each of the first five segments, `*` goes past the segment's end only as its
    /// last character.
    var keepingSegments: PolicyPattern {
        var colons = 0
        var kept: [Part] = []
        for (index, part) in parts.enumerated() {
            if part == .byte(UInt8(ascii: ":")) { colons += 1 }
            let isLast = index + 1 == parts.count || parts[index + 1] == .byte(UInt8(ascii: ":"))
            kept.append(part == .any && colons < 5 && !isLast ? .anyButColons : part)
        }
        return PolicyPattern(parts: kept)
    }

    /// The pattern for ArnLike and ArnEquals: each of the first five segments is compared by itself.
    var byARNSegments: PolicyPattern {
        var colons = 0
        var kept: [Part] = []
        for part in parts {
            if part == .byte(UInt8(ascii: ":")) { colons += 1 }
            kept.append(part == .any && colons < 5 ? .anyButColons : part)
        }
        return parts == [.any] ? self : PolicyPattern(parts: kept)
    }

    /// - Parameter context: values of variables; one that has none, or several, and no default, matches nothing.
    func matches(_ text: String, ignoringCase: Bool = false, _ context: AccessContext = AccessContext()) -> Bool {
        guard let parts = filled(context) else { return false }
        let bytes = Array((ignoringCase ? text.lowercased() : text).utf8)
        return Self.match(ignoringCase ? parts.map(Self.lowercased) : parts, bytes)
    }

    private func filled(_ context: AccessContext) -> [Part]? {
        var filled: [Part] = []
        for part in parts {
            guard case .variable(let key, let fallback) = part else {
                filled.append(part)
                continue
            }
            let values = context[key]
            guard let value = values?.count == 1 ? values?.first : fallback else { return nil }
            filled += value.utf8.map { .byte($0) }
        }
        return filled
    }

    private static func lowercased(_ part: Part) -> Part {
        guard case .byte(let byte) = part, (0x41...0x5A).contains(byte) else { return part }
        return .byte(byte | 0x20)
    }

    /// From left to right, going back to the last `*` where it does not fit.
    private static func match(_ parts: [Part], _ bytes: [UInt8]) -> Bool {
        var (part, byte) = (0, 0)
        var retry: (part: Int, byte: Int)?
        while byte < bytes.count || part < parts.count {
            if part < parts.count {
                switch parts[part] {
                case .any, .anyButColons:
                    retry = (part, byte)
                    part += 1
                    continue
                case .one where byte < bytes.count:
                    part += 1
                    byte += characterLength(bytes, byte)
                    continue
                case .byte(let wanted) where byte < bytes.count && bytes[byte] == wanted:
                    (part, byte) = (part + 1, byte + 1)
                    continue
                default: break
                }
            }
            guard let last = retry, last.byte < bytes.count,
                parts[last.part] == .any || bytes[last.byte] != UInt8(ascii: ":")
            else { return false }
            retry = (last.part, last.byte + 1)
            (part, byte) = (last.part + 1, last.byte + 1)
        }
        return true
    }

    /// In bytes of UTF-8.
    private static func characterLength(_ bytes: [UInt8], _ index: Int) -> Int {
        let rest = bytes[(index + 1)...].prefix(3).prefix { $0 & 0xC0 == 0x80 }
        return 1 + rest.count
    }
}

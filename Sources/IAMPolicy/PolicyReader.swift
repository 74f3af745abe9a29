internal import JSON

/// The members of one object of a policy. IAM refuses what it does not know, whatever has another type, and doubles.
struct PolicyReader {
    private let members: [String: JSONValue]
    private let place: String

    init(_ json: JSONValue, knowing names: Set<String>, in place: String) throws(PolicyProblem) {
        guard let found = json.members else { throw PolicyProblem("\(place) must be an object.") }
        var members: [String: JSONValue] = [:]
        for member in found {
            guard names.contains(member.name) else { throw PolicyProblem("\(place) has no element \(member.name).") }
            guard members.updateValue(member.value, forKey: member.name) == nil else {
                throw PolicyProblem("\(place) has the element \(member.name) twice.")
            }
        }
        self.members = members
        self.place = place
    }

    func value(_ name: String) -> JSONValue? { members[name] }

    func text(_ name: String) throws(PolicyProblem) -> String? {
        guard let value = members[name] else { return nil }
        guard let text = value.string else { throw PolicyProblem("\(name) must be a string.") }
        return text
    }

    /// One text, or a list of them.
    func texts(_ name: String) throws(PolicyProblem) -> [String]? {
        guard let value = members[name] else { return nil }
        return try Self.texts(value, name)
    }

    static func texts(_ value: JSONValue, _ name: String) throws(PolicyProblem) -> [String] {
        let items = value.array ?? [value]
        let texts = items.compactMap(\.string)
        guard texts.count == items.count, !texts.isEmpty else {
            throw PolicyProblem("\(name) must be a string or a list of strings.")
        }
        return texts
    }

    /// `NAME` or `NotNAME`, not both.
    func oneOf(_ name: String) throws(PolicyProblem) -> (isNegated: Bool, texts: [String])? {
        switch (try texts(name), try texts("Not" + name)) {
        case (let texts?, nil): return (false, texts)
        case (nil, let texts?): return (true, texts)
        case (nil, nil): return nil
        case (.some, .some): throw PolicyProblem("\(place) has both \(name) and Not\(name).")
        }
    }
}

internal import FoundationEssentials
internal import JSON

extension LocalFault {
    /// Batch has one error for every mistake of a caller, told apart by its words.
    static func batch(_ text: String) -> LocalFault {
        let request = UUID().uuidString.lowercased()
        return LocalFault(
            code: "ClientException", message: "Error executing request, Exception : \(text), RequestId: \(request)")
    }

    static func wrongType(_ name: String, _ wanted: String) -> LocalFault {
        LocalFault(code: "SerializationException", message: "\(name) must be \(wanted)")
    }
}

/// A request's members by type. Like AWS it stops at the first fault and ignores what it does not know.
struct RequestMembers {
    let value: JSONValue

    init() { value = [:] }

    init(_ value: JSONValue) throws(LocalFault) {
        guard value.members != nil else { throw .wrongType("The request", "an object") }
        self.value = value
    }

    func string(_ name: String) throws(LocalFault) -> String? { try read(name, "a string", \.string) }
    func integer(_ name: String) throws(LocalFault) -> Int? { try read(name, "an integer", \.integer) }
    func bool(_ name: String) throws(LocalFault) -> Bool? { try read(name, "a boolean", \.bool) }
    func array(_ name: String) throws(LocalFault) -> [JSONValue]? { try read(name, "a list", \.array) }

    func object(_ name: String) throws(LocalFault) -> RequestMembers? {
        guard let value = try read(name, "an object", { $0.members == nil ? nil : $0 }) else { return nil }
        return try RequestMembers(value)
    }

    func objects(_ name: String) throws(LocalFault) -> [RequestMembers]? {
        guard let items = try array(name) else { return nil }
        var objects: [RequestMembers] = []
        for item in items { objects.append(try RequestMembers(item)) }
        return objects
    }

    func strings(_ name: String) throws(LocalFault) -> [String]? {
        guard let items = try array(name) else { return nil }
        let texts = items.compactMap(\.string)
        guard texts.count == items.count else { throw .wrongType(name, "a list of strings") }
        return texts
    }

    func stringMap(_ name: String) throws(LocalFault) -> [String: String]? {
        guard let members = try read(name, "an object", \.members) else { return nil }
        var map: [String: String] = [:]
        for member in members {
            guard let text = member.value.string else { throw .wrongType("\(name).\(member.name)", "a string") }
            map[member.name] = text
        }
        return map
    }

    func required(_ name: String) throws(LocalFault) -> String {
        guard let text = try string(name), !text.isEmpty else { throw .batch("\(name) can not be blank") }
        return text
    }

    private func read<T>(_ name: String, _ wanted: String, _ read: (JSONValue) -> T?) throws(LocalFault) -> T? {
        guard let member = value[name], !member.isNull else { return nil }
        guard let result = read(member) else { throw .wrongType(name, wanted) }
        return result
    }
}

extension JSONValue {
    /// An object of those members that have a value: AWS leaves absent ones out, and never writes null.
    static func members(_ pairs: [(String, JSONValue?)]) -> JSONValue {
        .object(pairs.compactMap { name, value in value.map { Member(name, $0) } })
    }

    static func map(_ texts: [String: String]) -> JSONValue {
        .object(texts.sorted { $0.key < $1.key }.map { Member($0.key, .string($0.value)) })
    }
}

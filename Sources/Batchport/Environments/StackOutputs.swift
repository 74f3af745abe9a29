import JSON

/// The outputs of a stack made from `deploy/aws/environment.yaml`, as an admin pastes them: what
/// `aws cloudformation describe-stacks` prints, whole or only its `Outputs`, or an object of names and values.
struct StackOutputs {
    let values: [String: String]

    /// Each is a field of an environment by that name; the stack may say more, which is for people.
    private static let needed = ["ioBucket", "prefix", "jobDefinition", "jobQueue", "languages"]
    private static let pointer = "/outputs"

    /// Throws 422 with what is missing: a stack of something else, or none at all.
    /// - Parameter pointer: to what it was asked for by.
    init(_ json: JSONValue, at pointer: String = "/outputs") throws {
        guard let values = Self.read(json) else {
            throw Failure.unfit([.init(pointer, "malformed", "These are no outputs of a stack. \(Self.forms)")])
        }
        let missing = Self.needed.filter { values[$0]?.isEmpty != false }
        guard missing.isEmpty else {
            let names = missing.joined(separator: ", ")
            throw Failure.unfit([
                .init(pointer, "missing", "The stack has other outputs than an environment's: without \(names).")
            ])
        }
        self.values = values
    }

    /// As typed into the page.
    init(text: String) throws {
        let json: JSONValue
        do {
            json = try JSONValue.parse(Array(text.utf8))
        } catch {
            throw Failure.unfit([.init(Self.pointer, "malformed", "\(error) \(Self.forms)")])
        }
        try self.init(json)
    }

    private static let forms = "Paste what aws cloudformation describe-stacks prints, or {\"ioBucket\": …, …}."

    private static func read(_ json: JSONValue) -> [String: String]? {
        if let stacks = json["Stacks"]?.array { return stacks.count == 1 ? read(stacks[0]) : nil }
        if let outputs = json["Outputs"] { return read(outputs) }
        var values: [String: String] = [:]
        if let list = json.array {
            for item in list {
                guard let key = item["OutputKey"]?.string, let value = item["OutputValue"]?.string else { return nil }
                values[key] = value
            }
            return values
        }
        guard let members = json.members else { return nil }
        for member in members {
            guard let value = member.value.string else { return nil }
            values[member.name] = value
        }
        return values
    }
}

extension EnvironmentEntry {
    mutating func take(_ outputs: StackOutputs) {
        ioBucket = outputs.values["ioBucket"] ?? ioBucket
        prefix = outputs.values["prefix"] ?? prefix
        jobDefinition = outputs.values["jobDefinition"] ?? jobDefinition
        jobQueue = outputs.values["jobQueue"] ?? jobQueue
        region = outputs.values["region"] ?? region
        languages = outputs.values["languages"]?.split(separator: ",").map(String.init) ?? languages
    }
}

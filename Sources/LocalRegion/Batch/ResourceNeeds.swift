internal import JSON

/// What a job asks of a machine.
struct ResourceNeeds: Equatable {
    var vcpus: Int
    var memoryMiB: Int
    var gpus = 0

    /// As `resourceRequirements` lists them, values as strings.
    var answer: JSONValue {
        let needs = [("VCPU", vcpus), ("MEMORY", memoryMiB), ("GPU", gpus)].filter { $0.1 > 0 }
        return .array(needs.map { ["value": .string(String($0.1)), "type": .string($0.0)] })
    }

    /// Takes over what `containerOverrides` sets.
    mutating func override(_ overrides: RequestMembers) throws(LocalFault) {
        if let count = try overrides.integer("vcpus") { vcpus = try Self.checked("VCPU", String(count), least: 1) }
        if let size = try overrides.integer("memory") { memoryMiB = try Self.checked("MEMORY", String(size), least: 4) }
        var seen: Set<String> = []
        for requirement in try overrides.objects("resourceRequirements") ?? [] {
            let type = try requirement.required("type")
            let value = try requirement.required("value")
            guard seen.insert(type).inserted else {
                throw .batch("resourceRequirements must not name \(type) more than once")
            }
            switch type {
            case "VCPU": vcpus = try Self.checked(type, value, least: 1)
            case "MEMORY": memoryMiB = try Self.checked(type, value, least: 4)
            case "GPU": gpus = try Self.checked(type, value, least: 1)
            default: throw .batch("resourceRequirements type \(type.prefix(64)) is not one of VCPU, MEMORY, GPU")
            }
        }
    }

    private static func checked(_ type: String, _ value: String, least: Int) throws(LocalFault) -> Int {
        guard let number = Int(value), number >= least, number <= 1 << 30 else {
            throw .batch("\(type) must be a whole number of at least \(least), not \(value.prefix(64))")
        }
        return number
    }
}

import FoundationEssentials
import JSON

extension EnvironmentEntry {
    /// Reads api.md's environment into this one: members that are not there stay as they are, `limits` and `memoryRule`
    /// member by member. Every fault of form is thrown at once as 400.
    mutating func read(_ json: JSONValue) throws {
        var reader = ObjectReader(json)
        name = reader.string("name") ?? name
        about = reader.string("description") ?? about
        ioBucket = reader.string("ioBucket") ?? ioBucket
        prefix = reader.string("prefix") ?? prefix
        jobDefinition = reader.string("jobDefinition") ?? jobDefinition
        jobQueue = reader.string("jobQueue") ?? jobQueue
        region = reader.string("region") ?? region
        account = reader.string("account") ?? account
        languages = reader.strings("languages") ?? languages
        forcedTags =
            reader.stringMap("forcedTags").map { Dictionary($0.map { ($0.name, $0.value) }) { $1 } } ?? forcedTags
        isEnabled = reader.bool("enabled") ?? isEnabled
        disabledMessage = reader.string("disabledMessage") ?? disabledMessage
        readProvider(&reader)
        readSigner(&reader)
        custodian = reader.identifier("custodian", else: custodian)
        memoryRule.read(&reader)
        limits.read(&reader)
        readVariables(&reader)
        readGrants(&reader)
        try reader.done()
    }

    private mutating func readProvider(_ reader: inout ObjectReader) {
        if let provider = reader.string("provider"), provider != "AWSBatch" {
            reader.refuse(at: "provider", "unsupported", "The provider must be AWSBatch.")
        }
    }

    private mutating func readSigner(_ reader: inout ObjectReader) {
        guard let value = reader.value("serviceObject") else { return }
        switch value.string {
        case "Automatic"?: signer = .automatic
        case "New"?: signer = .new
        default:
            guard value.members?.map(\.name) == ["credential"],
                let id = value["credential"]?.string.flatMap(UUID.init(uuidString:))
            else {
                return reader.refuse(
                    at: "serviceObject", "wrongType", "This must be \"Automatic\", \"New\" or {\"credential\": id}.")
            }
            signer = .credential(id)
        }
    }

    /// A name with its value, or with `{"sealed": value}`; `{"sealed": true}` keeps what is stored.
    private mutating func readVariables(_ reader: inout ObjectReader) {
        guard reader.value("variables") != nil else { return }
        variables =
            reader.object("variables") { inner in
                var read: [String: Variable] = [:]
                for name in inner.names {
                    guard let value = inner.value(name) else { continue }
                    if let text = value.string {
                        read[name] = .plain(text)
                    } else if let sealed = value["sealed"], sealed.string != nil || sealed.bool == true {
                        read[name] = .sealed(sealed.string)
                    } else {
                        inner.refuse(at: name, "wrongType", "This must be a string, or {\"sealed\": value}.")
                    }
                }
                return read
            } ?? [:]
    }

    private static func who(_ item: JSONValue) -> Grant.Who? {
        let known: Set<String> = ["everyone", "person", "team", "name", "sees"]
        let names = (item.members ?? []).map(\.name)
        guard names.allSatisfy(known.contains), names.count(where: ["everyone", "person", "team"].contains) == 1 else {
            return nil
        }
        if item["everyone"]?.bool == true { return .everyone }
        return item["person"]?.string.map { .person($0) } ?? item["team"]?.string.map { .team($0) }
    }

    private mutating func readGrants(_ reader: inout ObjectReader) {
        guard let items = reader.array("grants") else { return }
        grants = items.enumerated().compactMap { index, item in
            let sees = item["sees"].map { $0.string.flatMap(EnvironmentGrant.Sees.init(rawValue:)) } ?? .own
            if let sees, let who = Self.who(item) { return .init(who, sees: sees) }
            reader.refuse(
                at: "grants", "wrongType",
                "Grant \(index) must be {\"everyone\": true}, {\"person\": id or e-mail} or {\"team\": id or name}, "
                    + "with \"sees\": \"own\", \"team\" or \"all\" where wanted.")
            return nil
        }
    }
}

extension BatchEnvironment.MemoryRule {
    fileprivate mutating func read(_ reader: inout ObjectReader) {
        var rule = self
        _ = reader.object("memoryRule") { inner in
            rule.mibPerVCPU = inner.integer("mibPerVCPU") ?? rule.mibPerVCPU
            rule.mibPerGPU = inner.integer("mibPerGPU") ?? rule.mibPerGPU
            rule.floorMiB = inner.integer("floorMiB") ?? rule.floorMiB
        }
        self = rule
    }
}

extension BatchEnvironment.Limits {
    fileprivate mutating func read(_ reader: inout ObjectReader) {
        var limits = self
        _ = reader.object("limits") { inner in
            limits.memoryMiB = inner.integer("memory") ?? limits.memoryMiB
            limits.vcpus = inner.integer("vcpuCount") ?? limits.vcpus
            limits.gpus = inner.integer("gpuCount") ?? limits.gpus
            limits.arraySize = inner.integer("arraySize") ?? limits.arraySize
            limits.inlineBytes = inner.integer("inlineBytes").map(Int64.init) ?? limits.inlineBytes
            limits.uploadBytes = inner.integer("uploadBytes").map(Int64.init) ?? limits.uploadBytes
            limits.seconds = inner.limit("timeConstraint", else: limits.seconds)
            limits.concurrentJobs = inner.limit("concurrentJobs", else: limits.concurrentJobs)
            limits.concurrentJobsPerPerson = inner.limit(
                "concurrentJobsPerPerson", else: limits.concurrentJobsPerPerson)
            limits.jobsPerDay = inner.limit("jobsPerDay", else: limits.jobsPerDay)
            limits.jobsPerDayPerPerson = inner.limit("jobsPerDayPerPerson", else: limits.jobsPerDayPerPerson)
        }
        self = limits
    }
}

extension ObjectReader {
    /// Null is no limit; a member that is not there changes nothing.
    fileprivate mutating func limit(_ name: String, else current: Int?) -> Int? {
        names.contains(name) ? integer(name) : current
    }

    /// Null is none; a member that is not there changes nothing.
    fileprivate mutating func identifier(_ name: String, else current: UUID?) -> UUID? {
        guard names.contains(name) else { return current }
        guard let text = string(name) else { return nil }
        let id = UUID(uuidString: text)
        if id == nil { refuse(at: name, "wrongType", "This must be an id.") }
        return id
    }
}

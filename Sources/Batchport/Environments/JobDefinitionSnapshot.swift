import JSON

/// The job definition as the environment's last check read it from AWS (DescribeJobDefinitions): the values that
/// `Inherited` stands for, pinned to one revision.
struct JobDefinitionSnapshot {
    /// With its revision.
    let arn: String
    let memoryMiB: Int
    /// Whole ones: a Fargate fraction counts as one worker.
    let vcpus: Int
    /// As AWS writes it: `0.25` and the like on Fargate.
    let vcpuText: String
    let isFargate: Bool
    let gpus: Int
    /// Seconds per attempt; nil where the definition sets none.
    let timeout: Int?
    let image: String
    /// Tagged `batchport:runner=1`: its image holds the runner, so any language can be sent.
    let hasRunner: Bool
    /// Where its containers' output goes, if not where AWS puts it by default.
    let logGroup: String?

    init?(text: String?, arn: String?) {
        guard let text, let arn, let value = try? JSONValue.parse(Array(text.utf8)) else { return nil }
        let container = value["containerProperties"]
        self.arn = arn
        image = container?["image"]?.string ?? ""
        memoryMiB = Self.resource("MEMORY", container) ?? container?["memory"]?.integer ?? 0
        vcpus = Self.resource("VCPU", container) ?? container?["vcpus"]?.integer ?? 1
        vcpuText = Self.text("VCPU", container) ?? String(vcpus)
        isFargate = value["platformCapabilities"]?.array?.contains("FARGATE") == true
        gpus = Self.resource("GPU", container) ?? 0
        timeout = value["timeout"]?["attemptDurationSeconds"]?.integer
        hasRunner = value["tags"]?["batchport:runner"]?.string == "1"
        logGroup = container?["logConfiguration"]?["options"]?["awslogs-group"]?.string
    }

    /// Requirements carry their values as strings.
    private static func text(_ type: String, _ container: JSONValue?) -> String? {
        container?["resourceRequirements"]?.array?.first { $0["type"]?.string == type }?["value"]?.string
    }

    private static func resource(_ type: String, _ container: JSONValue?) -> Int? {
        guard let text = text(type, container) else { return nil }
        return Int(text) ?? Double(text).flatMap { Int(exactly: $0.rounded(.down)) }.map { max(1, $0) }
    }

    /// `align:31`
    var shortName: String { String(arn.split(separator: "/").last ?? "") }
}

import JSON

/// What an evaluation came to, from the runner's record: in the API's own terms, without what is only between the runner
/// and us.
struct EvaluationRecord {
    let outcome: JSONValue

    private static let kept = [
        "exitCode", "signal", "cpuMilliseconds", "elapsedMilliseconds", "peakMemoryKiB", "elements", "evaluation",
    ]

    /// As a kernel or an array's workers say it; else whether the code's process ended well.
    var success: Bool { outcome["evaluation"]?["success"]?.bool ?? (outcome["exitCode"]?.integer == 0) }

    /// What the kernel or the workers said; else the runner's own notes.
    var messages: JSONValue { outcome["evaluation"]?["messages"] ?? outcome["messages"] ?? [] }

    /// With `result` as its last members.
    func json(_ result: [JSONValue.Member]) -> JSONValue {
        var members: [JSONValue.Member] = [.init("success", .bool(success)), .init("messages", messages)]
        if outcome["evaluation"] != nil { members.append(.init("notes", outcome["messages"] ?? [])) }
        for name in ["startedAt", "stoppedAt"] {
            // The job itself may have written this, and so anything: no later than the year 9999.
            if let at = outcome[name]?.integer, (0..<253_402_300_800_000).contains(at) {
                members.append(.init(name, Instant(Int64(at)).json))
            }
        }
        members += outcome.members?.filter { Self.kept.contains($0.name) } ?? []
        return .object(members + result)
    }

    /// In bytes; nil where it is none that a machine can have.
    var peakMemory: Int64? {
        outcome["peakMemoryKiB"]?.integer.flatMap { (0..<1 << 50).contains($0) ? Int64($0) * 1024 : nil }
    }

    func seconds(_ name: String) -> JSONValue? { outcome[name]?.double.map { JSONValue($0 / 1000) } }
}

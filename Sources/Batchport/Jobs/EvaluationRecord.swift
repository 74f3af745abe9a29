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
            if let at = outcome[name]?.integer { members.append(.init(name, Instant(Int64(at)).json)) }
        }
        members += outcome.members?.filter { Self.kept.contains($0.name) } ?? []
        return .object(members + result)
    }

    func seconds(_ name: String) -> JSONValue? { outcome[name]?.double.map { JSONValue($0 / 1000) } }
}

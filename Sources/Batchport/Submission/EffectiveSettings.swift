import AWS
import JSON

/// The values that will hold, and where each comes from, as the form shows them before anything is sent and the job
/// records them.
struct EffectiveSettings {
    struct Count {
        let value: Int
        let isInherited: Bool
    }

    struct Memory {
        enum Source: String {
            case automatic
            case inherited
            case asked
        }

        var value: Int
        let source: Source
        /// On Fargate: what it was before it was raised to the next step that AWS has.
        var roundedFrom: Int?
        /// What `Automatic` weighs, in MiB; the largest wins.
        let terms: [(name: String, value: Int)]

        var winner: String? {
            source == .automatic ? terms.first { $0.value == roundedFrom ?? value }?.name : nil
        }
    }

    struct Time {
        enum Source: String {
            case asked
            /// The definition's.
            case inherited
            /// The environment's limit, where neither the person nor the definition stays below it.
            case environment
            /// Their own limit, where that is the smallest.
            case person
        }

        let value: Int?
        let source: Source
    }

    let gpus: Count
    let vcpus: Count
    private(set) var memory: Memory
    let time: Time
    let definition: JobDefinitionSnapshot
    let asOf: Int64?

    /// `Automatic` = max(definition's, vCPUs·a, GPUs·b, c) with the effective counts (jobs.md).
    init(
        gpu: Quantity, vcpu: Quantity, memory: Quantity, timeConstraint: Int?, environment: BatchEnvironment,
        definition: JobDefinitionSnapshot
    ) {
        func count(_ quantity: Quantity, _ inherited: Int) -> Count {
            if case .amount(let value) = quantity { return Count(value: value, isInherited: false) }
            return Count(value: inherited, isInherited: true)
        }
        gpus = count(gpu, definition.gpus)
        vcpus = count(vcpu, definition.vcpus)
        let rule = environment.memoryRule
        let terms = [
            ("definition", definition.memoryMiB),
            ("vcpus", vcpus.value.multipliedReportingOverflow(by: rule.mibPerVCPU).0),
            ("gpus", gpus.value.multipliedReportingOverflow(by: rule.mibPerGPU).0), ("floor", rule.floorMiB),
        ]
        self.memory =
            switch memory {
            case .amount(let value): Memory(value: value, source: .asked, terms: terms)
            case .inherited: Memory(value: definition.memoryMiB, source: .inherited, terms: terms)
            case .automatic: Memory(value: terms.map(\.1).max() ?? 0, source: .automatic, terms: terms)
            }
        time = Self.time(timeConstraint, definition.timeout, environment.limits)
        self.definition = definition
        asOf = environment.checkedAt
        roundForFargate()
    }

    private static func time(_ asked: Int?, _ inherited: Int?, _ limits: BatchEnvironment.Limits) -> Time {
        if let asked { return Time(value: asked, source: .asked) }
        guard let most = limits.seconds, inherited.map({ $0 > most }) ?? true else {
            return Time(value: inherited, source: .inherited)
        }
        return Time(value: most, source: limits.own[.timeConstraint] == nil ? .environment : .person)
    }

    /// As AWS writes it.
    var vcpuText: String { vcpus.isInherited ? definition.vcpuText : String(vcpus.value) }

    /// Only what Batchport chose itself is raised; what a person asked for is told instead.
    private mutating func roundForFargate() {
        guard definition.isFargate, memory.source == .automatic, let steps = Fargate.memory(vcpus: vcpuText),
            let next = steps.next(atLeast: memory.value), next != memory.value
        else { return }
        memory.roundedFrom = memory.value
        memory.value = next
    }

    var json: JSONValue {
        [
            "memory": [
                "value": JSONValue(memory.value), "source": .string(memory.source.rawValue),
                "term": JSONValue(memory.winner),
                "terms": .object(memory.terms.map { .init($0.name, JSONValue($0.value)) }),
                "roundedFrom": JSONValue(memory.roundedFrom),
                "overridden": .bool(memory.source != .inherited && memory.value != definition.memoryMiB),
            ],
            "vcpus": Self.json(vcpus), "gpus": Self.json(gpus),
            "timeConstraint": [
                "value": JSONValue(time.value), "source": .string(time.source.rawValue),
                "overridden": .bool(time.source != .inherited),
            ],
            "definition": .string(definition.arn), "platform": .string(definition.isFargate ? "FARGATE" : "EC2"),
            "asOf": asOf.map { Instant($0).json } ?? nil,
        ]
    }

    private static func json(_ count: Count) -> JSONValue {
        [
            "value": JSONValue(count.value), "source": .string(count.isInherited ? "inherited" : "asked"),
            "overridden": .bool(!count.isInherited),
        ]
    }
}

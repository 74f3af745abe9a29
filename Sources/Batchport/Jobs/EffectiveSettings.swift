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

        let value: Int
        let source: Source
        /// What `Automatic` weighs, in MiB; the largest wins.
        let terms: [(name: String, value: Int)]

        var winner: String? {
            source == .automatic ? terms.first { $0.value == value }?.name : nil
        }
    }

    let gpus: Count
    let vcpus: Count
    let memory: Memory
    let timeConstraint: Int?
    let timeIsInherited: Bool
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
        self.timeConstraint = timeConstraint ?? definition.timeout
        timeIsInherited = timeConstraint == nil
        self.definition = definition
        asOf = environment.checkedAt
    }

    var json: JSONValue {
        [
            "memory": [
                "value": JSONValue(memory.value), "source": .string(memory.source.rawValue),
                "term": JSONValue(memory.winner),
                "terms": .object(memory.terms.map { .init($0.name, JSONValue($0.value)) }), "roundedFrom": nil,
                "overridden": .bool(memory.source != .inherited && memory.value != definition.memoryMiB),
            ],
            "vcpus": Self.json(vcpus), "gpus": Self.json(gpus),
            "timeConstraint": [
                "value": JSONValue(timeConstraint), "source": .string(timeIsInherited ? "inherited" : "asked"),
            ],
            "definition": .string(definition.arn), "asOf": asOf.map { Instant($0).json } ?? nil,
        ]
    }

    private static func json(_ count: Count) -> JSONValue {
        [
            "value": JSONValue(count.value), "source": .string(count.isInherited ? "inherited" : "asked"),
            "overridden": .bool(!count.isInherited),
        ]
    }
}

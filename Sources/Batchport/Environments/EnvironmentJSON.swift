import FoundationEssentials
import JSON

extension BatchEnvironment {
    /// As the API shows it: `languages` are those in which a job can be sent now.
    func json(grants: [EnvironmentGrant]) -> JSONValue {
        let kept = (document(grants: grants).members ?? []).filter { $0.name != "languages" }
        return .object(
            kept + [
                .init("languages", JSONValue(usableLanguages.map(\.rawValue))),
                .init("declaredLanguages", JSONValue(languages.map(\.rawValue))),
                .init("hasRunner", hasRunner.map { .bool($0) } ?? .null), .init("isLocalRegion", .bool(isLocal)),
                .init("version", JSONValue(version)),
                .init("changedAt", Instant(changedAt).json), .init("health", health),
            ])
    }

    /// All that an edit can change, and a version keeps. Of a sealed variable only that it is one, and how often it was set.
    func document(grants: [EnvironmentGrant]) -> JSONValue {
        [
            "id": .string(id.lower), "name": .string(name), "description": .string(about), "provider": "AWSBatch",
            "region": .string(region), "account": .string(account), "ioBucket": .string(ioBucket),
            "prefix": .string(prefix), "jobDefinition": .string(jobDefinition), "jobQueue": .string(jobQueue),
            "serviceObject": signer.json, "custodian": JSONValue(custodian?.lower),
            "languages": JSONValue(languages.map(\.rawValue)), "memoryRule": memoryRule.json, "limits": limits.json,
            "forcedTags": .object(forcedTags.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) }),
            "variables": .object(variables.sorted { $0.key < $1.key }.map { .init($0.key, $0.value.json) }),
            "grants": .array(grants.map(\.json)), "enabled": .bool(isEnabled),
            "disabledMessage": .string(disabledMessage),
        ]
    }

    var health: JSONValue {
        [
            "healthy": JSONValue(isHealthy), "checkedAt": checkedAt.map { Instant($0).json } ?? nil,
            "findings": .array(findings.map(\.json)),
        ]
    }
}

extension EnvironmentEntry.Signer {
    var json: JSONValue {
        switch self {
        case .automatic: "Automatic"
        case .new: "New"
        case .credential(let id): ["credential": .string(id.lower)]
        }
    }
}

extension BatchEnvironment.MemoryRule {
    var json: JSONValue {
        [
            "mibPerVCPU": JSONValue(mibPerVCPU), "mibPerGPU": JSONValue(mibPerGPU), "floorMiB": JSONValue(floorMiB),
        ]
    }
}

extension BatchEnvironment.Limits {
    var json: JSONValue {
        [
            "memory": JSONValue(memoryMiB), "vcpuCount": JSONValue(vcpus), "gpuCount": JSONValue(gpus),
            "timeConstraint": JSONValue(seconds), "arraySize": JSONValue(arraySize),
            "concurrentJobs": JSONValue(concurrentJobs), "concurrentJobsPerPerson": JSONValue(concurrentJobsPerPerson),
            "jobsPerDay": JSONValue(jobsPerDay), "jobsPerDayPerPerson": JSONValue(jobsPerDayPerPerson),
            "inlineBytes": JSONValue(inlineBytes), "uploadBytes": JSONValue(uploadBytes),
        ]
    }
}

extension BatchEnvironment.Variable {
    fileprivate var json: JSONValue {
        switch self {
        case .plain(let text): .string(text)
        case .sealed(let version): ["sealed": true, "version": JSONValue(version)]
        }
    }
}

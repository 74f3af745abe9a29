import FoundationEssentials
import HTTP
import JSON

enum EnvironmentAPI {
    static let routes: [Route] = [
        .get("/api/v1/environments", .token(.environmentsRead), list),
        .get("/api/v1/environments/*", .token(.environmentsRead), one),
        .get("/api/v1/environments/*/check", .token(.environmentsRead), findings),
        .json("POST", "/api/v1/environments/*/check", .admin, check),
    ]

    private static func list(_ call: Call, _ scope: inout Scope) throws -> Response {
        let items = try scope.database.environments().map(\.json)
        return .json(["items": .array(items), "nextCursor": nil])
    }

    private static func one(_ call: Call, _ scope: inout Scope) throws -> Response {
        guard let found = try scope.database.environment(eitherID: call.parameters[0]) else { throw Failure.notFound }
        return .json(found.json)
    }

    private static func findings(_ call: Call, _ scope: inout Scope) throws -> Response {
        guard let found = try scope.database.environment(eitherID: call.parameters[0]) else { throw Failure.notFound }
        return .json(found.health)
    }

    private static func check(_ call: Call, _ body: JSONValue, _ scope: inout Scope) throws -> Response {
        try EnvironmentChecking.ask(try call.id(0), &scope)
        return .json(["started": true], status: 202)
    }
}

extension BatchEnvironment {
    var json: JSONValue {
        [
            "id": .string(id.lower), "name": .string(name), "provider": "AWSBatch",
            "region": .string(region), "account": .string(account), "ioBucket": .string(ioBucket),
            "prefix": .string(prefix), "jobDefinition": .string(jobDefinition), "jobQueue": .string(jobQueue),
            "serviceObject": credential.map { ["credential": .string($0.lower)] } ?? "Automatic",
            "custodian": nil, "languages": JSONValue(languages.map(\.rawValue)),
            "memoryRule": [
                "mibPerVCPU": JSONValue(memoryRule.mibPerVCPU), "mibPerGPU": JSONValue(memoryRule.mibPerGPU),
                "floorMiB": JSONValue(memoryRule.floorMiB),
            ],
            "limits": [
                "memory": JSONValue(limits.memoryMiB), "vcpuCount": JSONValue(limits.vcpus),
                "gpuCount": JSONValue(limits.gpus), "timeConstraint": JSONValue(limits.seconds),
                "inlineBytes": JSONValue(limits.inlineBytes), "uploadBytes": JSONValue(limits.uploadBytes),
            ],
            "enabled": .bool(isEnabled), "version": JSONValue(version), "isLocalRegion": .bool(isLocal),
            "health": health,
        ]
    }

    fileprivate var health: JSONValue {
        [
            "healthy": JSONValue(isHealthy), "checkedAt": checkedAt.map { Instant($0).json } ?? nil,
            "findings": .array(
                findings.map { finding in
                    [
                        "name": .string(finding.name), "ok": .bool(finding.ok), "detail": .string(finding.detail),
                        "remedy": JSONValue(finding.remedy),
                    ]
                }),
        ]
    }
}

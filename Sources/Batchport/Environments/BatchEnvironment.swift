import FoundationEssentials
import JSON
import PostgreSQL

/// Where jobs run: bucket, job definition, job queue, and whose identity signs (the seed's
/// RemoteBatchSubmissionEnvironment).
struct BatchEnvironment {
    let id: UUID
    let name: String
    let about: String
    let region: String
    let account: String
    let ioBucket: String
    let prefix: String
    let jobDefinition: String
    let jobQueue: String
    /// The shared credential it signs with; nil means each person's own default one.
    let credential: UUID?
    let languages: [Language]
    let memoryRule: MemoryRule
    let limits: Limits
    let isLocal: Bool
    let isEnabled: Bool
    let version: Int
    let checkedAt: Int64?
    let findings: [Finding]
    let isHealthy: Bool?
    let definition: JobDefinitionSnapshot?

    struct MemoryRule {
        let mibPerVCPU: Int
        let mibPerGPU: Int
        let floorMiB: Int
    }

    struct Limits {
        let memoryMiB: Int
        let vcpus: Int
        let gpus: Int
        let seconds: Int?
        /// Above this a file goes straight to the bucket.
        let inlineBytes: Int64
        let uploadBytes: Int64
    }

    /// One thing the last check looked at.
    struct Finding {
        let name: String
        let ok: Bool
        let detail: String
        let remedy: String?
    }

    static let columns: SQL = """
        id, name, description, region, account, io_bucket, prefix, job_definition, job_queue, credential, languages,
        mib_per_vcpu, mib_per_gpu, floor_mib, max_memory_mib, max_vcpus, max_gpus, max_seconds, inline_bytes,
        max_upload_bytes, is_local, enabled, version, checked_at, findings::text AS findings, healthy,
        definition::text AS definition, definition_arn
        """

    init(_ row: borrowing Row) throws {
        id = try row.value("id")
        name = try row.value("name")
        about = try row.value("description")
        region = try row.value("region")
        account = try row.value("account")
        ioBucket = try row.value("io_bucket")
        prefix = try row.value("prefix")
        jobDefinition = try row.value("job_definition")
        jobQueue = try row.value("job_queue")
        credential = try row.value("credential")
        languages = try row.value("languages", as: [String].self).compactMap(Language.init(rawValue:))
        memoryRule = MemoryRule(
            mibPerVCPU: try row.value("mib_per_vcpu"), mibPerGPU: try row.value("mib_per_gpu"),
            floorMiB: try row.value("floor_mib"))
        limits = Limits(
            memoryMiB: try row.value("max_memory_mib"), vcpus: try row.value("max_vcpus"),
            gpus: try row.value("max_gpus"), seconds: try row.value("max_seconds"),
            inlineBytes: try row.value("inline_bytes"), uploadBytes: try row.value("max_upload_bytes"))
        isLocal = try row.value("is_local")
        isEnabled = try row.value("enabled")
        version = try row.value("version")
        checkedAt = try row.millisecondsOptional("checked_at")
        findings = Self.findings(try row.value("findings"))
        isHealthy = try row.value("healthy")
        definition = JobDefinitionSnapshot(
            text: try row.value("definition"), arn: try row.value("definition_arn"))
    }

    private static func findings(_ text: String?) -> [Finding] {
        guard let text, let value = try? JSONValue.parse(Array(text.utf8)) else { return [] }
        return (value.array ?? []).map { item in
            Finding(
                name: item["name"]?.string ?? "", ok: item["ok"]?.bool ?? false, detail: item["detail"]?.string ?? "",
                remedy: item["remedy"]?.string)
        }
    }
}

/// What a job is written in; the environment says which its image has.
package enum Language: String, Sendable, CaseIterable {
    case python
    case shell
    case command

    var word: String {
        switch self {
        case .python: "Python"
        case .shell: "Shell"
        case .command: "Command"
        }
    }
}

extension Connection {
    /// Those the asker may use, by name.
    mutating func environments() throws -> [BatchEnvironment] {
        try rows("SELECT \(fragment: BatchEnvironment.columns) FROM environments ORDER BY name LIMIT 200") {
            try BatchEnvironment($0)
        }
    }

    mutating func environment(_ id: UUID) throws -> BatchEnvironment? {
        try row("SELECT \(fragment: BatchEnvironment.columns) FROM environments WHERE id = \(id)") {
            try BatchEnvironment($0)
        }
    }

    mutating func environment(eitherID text: String) throws -> BatchEnvironment? {
        if let id = UUID(uuidString: text) { return try environment(id) }
        return text.utf8.contains(0) ? nil : try environment(named: text)
    }

    mutating func environment(named name: String) throws -> BatchEnvironment? {
        try row("SELECT \(fragment: BatchEnvironment.columns) FROM environments WHERE name = \(name)") {
            try BatchEnvironment($0)
        }
    }
}

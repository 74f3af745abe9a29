import FoundationEssentials
import JSON
import PostgreSQL

/// Where jobs run: bucket, job definition, job queue, and whose identity signs (the seed's
/// RemoteBatchSubmissionEnvironment).
package struct BatchEnvironment {
    let id: UUID
    let name: String
    let about: String
    let region: String
    let account: String
    let ioBucket: String
    let prefix: String
    let jobDefinition: String
    let jobQueue: String
    let signer: EnvironmentEntry.Signer
    /// The credential that looks after jobs whose own is gone.
    let custodian: UUID?
    let languages: [Language]
    let memoryRule: MemoryRule
    private(set) var limits: Limits
    let isLocal: Bool
    let forcedTags: [String: String]
    let variables: [String: Variable]
    let isEnabled: Bool
    let disabledMessage: String
    let changedAt: Int64
    let version: Int
    let checkedAt: Int64?
    /// What the asker may see of the last check: where each person's own credential signs, what theirs may do.
    let findings: [Finding]
    /// Nil where it was not checked, or not with the asker's own credential.
    let isHealthy: Bool?
    /// The shared credential that signs, or the custodian, was deleted meanwhile.
    let identityIsGone: Bool
    let custodianIsGone: Bool
    let definition: JobDefinitionSnapshot?

    package struct MemoryRule: Equatable, Sendable {
        package var mibPerVCPU = 2048
        package var mibPerGPU = 8192
        package var floorMiB = 512

        package init() {}
    }

    /// Where a number may be nil, nil is no limit.
    package struct Limits: Equatable, Sendable {
        package var memoryMiB = 16384
        package var vcpus = 4
        package var gpus = 0
        package var seconds: Int?
        package var arraySize = 10_000
        /// At once, of everyone together and of one person.
        package var concurrentJobs: Int?
        package var concurrentJobsPerPerson: Int?
        /// Submitted within 24 hours.
        package var jobsPerDay: Int?
        package var jobsPerDayPerPerson: Int?
        /// Above this a file goes straight to the bucket.
        package var inlineBytes: Int64 = 64 << 20
        package var uploadBytes: Int64 = 5 << 30
        /// Those that are the asker's own, where the environment is asked for a submission (`narrowed`).
        var own = PersonLimits()

        package init() {}
    }

    enum Variable: Equatable {
        case plain(String)
        /// The value lies in the vault; this is how often it has been set.
        case sealed(version: Int)
    }

    /// One thing the last check looked at.
    struct Finding {
        let name: String
        let ok: Bool
        let detail: String
        let remedy: String?
        /// An IAM policy to paste.
        var policy: String?
        /// It says something about the key that it was seen with, beside what it says of the environment.
        var isOfKey = false
    }

    /// As it is for one person.
    func narrowed(to person: PersonLimits) -> BatchEnvironment {
        var narrowed = self
        narrowed.limits.narrow(to: person)
        return narrowed
    }

    /// The shared credential it signs with, if it does.
    var credential: UUID? {
        if case .credential(let id) = signer { id } else { nil }
    }

    static let columns: SQL = """
        id, name, description, region, account, io_bucket, prefix, job_definition, job_queue, service_object, credential,
        custodian, languages, mib_per_vcpu, mib_per_gpu, floor_mib, max_memory_mib, max_vcpus, max_gpus, max_seconds,
        max_children, max_concurrent_jobs, max_concurrent_jobs_person, max_jobs_day, max_jobs_day_person, inline_bytes,
        max_upload_bytes, forced_tags, variables, is_local, enabled, disabled_message, changed_at, version, checked_at,
        findings::text AS findings, healthy, definition::text AS definition, definition_arn,
        (credential IS NOT NULL AND identity_is_gone(id)) AS identity_gone,
        (custodian IS NOT NULL AND custodian_is_gone(id)) AS custodian_gone, (
            SELECT jsonb_build_object('healthy', k.healthy, 'findings', k.findings)::text FROM environment_checks k
            WHERE k.environment = environments.id AND k.person = (SELECT uid())) AS own_check
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
        let shared: UUID? = try row.value("credential")
        let isNew = try row.text("service_object") == "new"
        signer = shared.map { .credential($0) } ?? (isNew ? .new : .automatic)
        custodian = try row.value("custodian")
        languages = try row.value("languages", as: [String].self).compactMap(Language.init(rawValue:))
        memoryRule = try MemoryRule(row)
        limits = try Limits(row)
        forcedTags = Self.members(try row.json("forced_tags")).compactMapValues(\.string)
        variables = Self.members(try row.json("variables")).compactMapValues(Variable.init)
        isLocal = try row.value("is_local")
        isEnabled = try row.value("enabled")
        disabledMessage = try row.value("disabled_message")
        changedAt = try row.milliseconds("changed_at")
        version = try row.value("version")
        checkedAt = try row.millisecondsOptional("checked_at")
        identityIsGone = try row.value("identity_gone")
        custodianIsGone = try row.value("custodian_gone")
        // What the last check saw is true no more.
        let lost = (identityIsGone ? [Finding.lostIdentity] : []) + (custodianIsGone ? [Finding.lostCustodian] : [])
        let seen = try Self.seen(row, isAutomatic: signer == .automatic)
        findings = lost + seen.findings
        isHealthy = lost.isEmpty ? seen.isHealthy : false
        definition = JobDefinitionSnapshot(
            text: try row.value("definition"), arn: try row.value("definition_arn"))
    }

    private static func members(_ text: JSONText) -> [String: JSONValue] {
        let members = (try? JSONValue.parse(text.bytes))?.members ?? []
        return Dictionary(members.map { ($0.name, $0.value) }) { $1 }
    }
}

extension BatchEnvironment.Finding {
    fileprivate static let lostIdentity = Self(
        name: "Credential", ok: false,
        detail: "The shared credential that signs here was deleted: nothing can be sent.",
        remedy: "An admin can give the environment another one.")
    fileprivate static let lostCustodian = Self(
        name: "Custodian", ok: false,
        detail: "The custodian's credential was deleted: nobody looks after a job whose own credential is gone.",
        remedy: "An admin can name another one.")
}

extension BatchEnvironment.MemoryRule {
    fileprivate init(_ row: borrowing Row) throws {
        mibPerVCPU = try row.value("mib_per_vcpu")
        mibPerGPU = try row.value("mib_per_gpu")
        floorMiB = try row.value("floor_mib")
    }
}

extension BatchEnvironment.Limits {
    fileprivate init(_ row: borrowing Row) throws {
        memoryMiB = try row.value("max_memory_mib")
        vcpus = try row.value("max_vcpus")
        gpus = try row.value("max_gpus")
        seconds = try row.value("max_seconds")
        arraySize = try row.value("max_children")
        concurrentJobs = try row.value("max_concurrent_jobs")
        concurrentJobsPerPerson = try row.value("max_concurrent_jobs_person")
        jobsPerDay = try row.value("max_jobs_day")
        jobsPerDayPerPerson = try row.value("max_jobs_day_person")
        inlineBytes = try row.value("inline_bytes")
        uploadBytes = try row.value("max_upload_bytes")
    }
}

extension BatchEnvironment.Variable {
    fileprivate init?(_ value: JSONValue) {
        if let text = value.string {
            self = .plain(text)
        } else if let version = value["sealed"]?.integer {
            self = .sealed(version: version)
        } else {
            return nil
        }
    }
}

/// What a job is written in; the environment says which its image has.
package enum Language: String, Sendable, CaseIterable {
    case python
    case shell
    case wolfram
    case command

    var word: String {
        switch self {
        case .python: "Python"
        case .shell: "Shell"
        case .wolfram: "Wolfram Language"
        case .command: "Command"
        }
    }
}

extension Connection {
    /// Those the asker may use, by name.
    mutating func environments() throws -> [BatchEnvironment] {
        try rows(
            """
            SELECT \(fragment: BatchEnvironment.columns) FROM environments
            WHERE deleted_at IS NULL ORDER BY name LIMIT 200
            """
        ) { try BatchEnvironment($0) }
    }

    mutating func environment(_ id: UUID) throws -> BatchEnvironment? {
        try row(
            "SELECT \(fragment: BatchEnvironment.columns) FROM environments WHERE id = \(id) AND deleted_at IS NULL"
        ) { try BatchEnvironment($0) }
    }

    mutating func environment(eitherID text: String) throws -> BatchEnvironment? {
        if let id = UUID(uuidString: text) { return try environment(id) }
        return text.utf8.contains(0) ? nil : try environment(named: text)
    }

    mutating func environment(named name: String) throws -> BatchEnvironment? {
        try row(
            "SELECT \(fragment: BatchEnvironment.columns) FROM environments WHERE name = \(name) AND deleted_at IS NULL"
        ) { try BatchEnvironment($0) }
    }
}

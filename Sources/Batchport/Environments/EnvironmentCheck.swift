import AWS
import FoundationEssentials
import JSON
import PostgreSQL
import Tasks

/// Whether an environment's parts are there, agree, and may be used by whoever signs for it.
enum EnvironmentCheck {
    static let kind = TaskKind("checkEnvironment", run: run)

    /// Who asked is named in the task: an environment without a credential of its own is checked with theirs.
    private static func run(_ task: ClaimedTask, _ bench: inout Workbench) throws -> TaskOutcome {
        let id = try task.id("environment")
        guard let environment = try bench.database.environment(id) else { return .done }
        var check = EnvironmentLook(environment: environment, person: try? task.id("person"))
        try check.run(&bench)
        let findings = EnvironmentFindings(check)
        let isHealthy = findings.forAll.allSatisfy(\.ok)
        let (definition, arn) = (check.definition.map { JSONText($0.serialized()) }, check.definitionARN)
        let written = try bench.write(for: task) { database in
            if check.findings.allSatisfy(\.ok) { try database.resumeHeldJobs(environment: id) }
            if let own = findings.forOne { try database.keep(own, of: check) }
            return try database.execute(
                """
                UPDATE environments SET checked_at = now(), findings = \(EnvironmentFindings.text(findings.forAll)),
                    healthy = \(isHealthy),
                    definition = coalesce(\(definition), definition), definition_arn = coalesce(\(arn), definition_arn)
                WHERE id = \(id) AND version = \(environment.version)::int
                """)
        }
        // Changed meanwhile: what was seen belongs to a version that is no more.
        return written == 1 ? .done : .again(afterMilliseconds: 0)
    }
}

/// One look at everything, a finding for each thing.
struct EnvironmentLook {
    let environment: BatchEnvironment
    let person: UUID?
    var findings: [BatchEnvironment.Finding] = []
    var definition: JSONValue?
    var definitionARN: String?
    /// The credential that it is looked at with.
    private(set) var signedWith: UUID?

    init(environment: BatchEnvironment, person: UUID?) {
        self.environment = environment
        self.person = person
    }

    mutating func run(_ bench: inout Workbench) throws {
        agreement()
        guard var key = try open(&bench) else { return try lookAtCustodian(&bench) }
        let environment = environment
        try look(
            BatchEnvironment.Finding.identity, isOfKey: true,
            remedy: "Check the credential, or enter its access key again."
        ) {
            let identity = try bench.aws.callerIdentity(by: key, in: environment.region)
            guard identity.account == environment.account else {
                return (
                    false,
                    "The credential is of account \(identity.account), the environment of \(environment.account)."
                )
            }
            return (true, "Signs as \(identity.arn).")
        }
        try lookAtDefinition(key, &bench)
        // A role's session was cut to the log group that was known until now.
        if logGroup != knownLogGroup, let newer = try open(&bench) { key = newer }
        try lookAtQueue(key, &bench)
        try lookAtBucket(key, &bench)
        try lookAtLogs(key, &bench)
        try lookAtPermissions(Self.permissions, key, &bench) { try $0.askAsSubmitter(&$1) }
        try lookAtCustodian(&bench)
    }

    private static let permissions = "Permissions"

    private mutating func lookAtPermissions(
        _ whom: String, _ key: AWSCredentials, _ bench: inout Workbench,
        _ ask: (inout PermissionLook, inout Workbench) throws -> Void
    ) throws {
        var look = PermissionLook(environment, by: key, logGroup: logGroup)
        do {
            try ask(&look, &bench)
            findings.append(look.finding(whom))
        } catch let error as AWSError {
            findings.append(.init(name: whom, ok: false, detail: error.sentence, remedy: "Check again in a while."))
        }
        findings[findings.count - 1].isOfKey = whom == Self.permissions
    }

    private mutating func lookAtCustodian(_ bench: inout Workbench) throws {
        guard let custodian = environment.custodian, custodian != environment.credential else { return }
        do {
            let use = SecretUse(
                person: person, purpose: "checkEnvironment", reach: .environment(environment.id, logGroup: logGroup),
                detail: [.init("environment", .string(environment.id.lower))])
            let key = try bench.openCredential(custodian, for: use)
            try lookAtPermissions("Custodian", key, &bench) { try $0.askAsCustodian(&$1) }
        } catch let trouble as CredentialTrouble {
            findings.append(
                .init(name: "Custodian", ok: false, detail: trouble.sentence, remedy: "Name another custodian."))
        }
    }

    /// The ARNs name the environment's own region and account.
    private mutating func agreement() {
        let arns = [environment.jobDefinition, environment.jobQueue]
        let places = arns.map { arn in
            let parts = arn.split(separator: ":", omittingEmptySubsequences: false)
            return parts.count >= 6 && parts[2] == "batch" ? "\(parts[3]) \(parts[4])" : "neither"
        }
        let own = "\(environment.region) \(environment.account)"
        let agrees = places.allSatisfy { $0 == own }
        findings.append(
            .init(
                name: "Region and account", ok: agrees,
                detail: agrees
                    ? "Job definition and job queue are both in \(own)."
                    : "The job definition is in \(places[0]), the job queue in \(places[1]), the environment in \(own).",
                remedy: agrees ? nil : "Choose a job definition and a job queue of one region and account."))
    }

    private mutating func open(_ bench: inout Workbench) throws -> AWSCredentials? {
        let remedy = "Give the environment a credential, or check it as a person who has one of its account."
        let own = try person.flatMap {
            try bench.database.automaticCredential(of: $0, in: environment.account)
        }
        // Where each submission brings its own, the custodian can at least see what is there.
        signedWith = environment.credential ?? (environment.signer == .new ? environment.custodian : nil) ?? own
        guard let id = signedWith else {
            findings.append(person == nil && environment.custodian != nil ? .eachOnes : environment.nobodyToCheck)
            return nil
        }
        do {
            let use = SecretUse(
                person: person, purpose: "checkEnvironment", reach: .environment(environment.id, logGroup: logGroup),
                detail: [.init("environment", .string(environment.id.lower))])
            return try bench.openCredential(id, for: use)
        } catch let trouble as CredentialTrouble {
            findings.append(
                .init(
                    name: BatchEnvironment.Finding.identity, ok: false, detail: trouble.sentence, remedy: remedy,
                    isOfKey: true))
            return nil
        }
    }

    /// A refusal of AWS's is a finding; that AWS cannot be reached is one too.
    /// - Parameter isOfKey: what it says depends on who looks. Every refusal does.
    private mutating func look(
        _ name: String, isOfKey: Bool = false, remedy: String, _ body: () throws -> (ok: Bool, detail: String)
    ) throws {
        do {
            let (ok, detail) = try body()
            findings.append(.init(name: name, ok: ok, detail: detail, remedy: ok ? nil : remedy, isOfKey: isOfKey))
        } catch let error as AWSError {
            let isNoBucket = error.code == "NoSuchBucket"
            findings.append(
                .init(
                    name: name, ok: false, detail: error.sentence, remedy: isNoBucket ? Self.noBucket : remedy,
                    isOfKey: true))
        }
    }

    private static let noBucket =
        "Create a bucket of this name in the environment's region and account, or have the environment name another one."

    private mutating func lookAtDefinition(_ key: AWSCredentials, _ bench: inout Workbench) throws {
        // Without a revision the newest active one is meant, and AWS is asked by name.
        let name = environment.jobDefinition.split(separator: "/").last.map(String.init) ?? ""
        let asked = name.contains(":") ? environment.jobDefinition : name
        let region = environment.region
        var newest: JSONValue?
        try look("Job definition", remedy: "Name a job definition that is active and runs a single container.") {
            let found = try bench.aws.describeJobDefinitions(asked, by: key, in: region)
            newest = found.first { $0.status == "ACTIVE" }?.raw
            guard let newest else { return (false, "There is no active revision of it.") }
            guard let image = newest["containerProperties"]?["image"]?.string, !image.isEmpty else {
                return (false, "It does not describe a single container with an image.")
            }
            return (true, "Active: revision \(newest["revision"]?.integer ?? 0) with image \(image).")
        }
        guard findings.last?.ok == true else { return }
        definition = newest
        definitionARN = newest?["jobDefinitionArn"]?.string
    }

    private mutating func lookAtQueue(_ key: AWSCredentials, _ bench: inout Workbench) throws {
        let environment = environment
        try look("Job queue", remedy: "Enable the job queue, or name another one.") {
            let queues = try bench.aws.describeJobQueues([environment.jobQueue], by: key, in: environment.region)
            guard let queue = queues.first else { return (false, "There is no such job queue.") }
            return (queue.state == "ENABLED" && queue.status == "VALID", "It is \(queue.state) and \(queue.status).")
        }
    }

    /// A small object is stored and removed again: that is what a submission needs.
    private mutating func lookAtBucket(_ key: AWSCredentials, _ bench: inout Workbench) throws {
        let (bucket, region, prefix) = (environment.ioBucket, environment.region, environment.prefix)
        let place = "\(prefix)checks/\(environment.id.lower)"
        try look(
            "Bucket", isOfKey: true, remedy: "Allow the credential to list, read, write and delete under the prefix."
        ) {
            _ = try bench.aws.list(bucket: bucket, prefix: prefix + "jobs/", limit: 1, by: key, in: region)
            try bench.aws.put(Array("batchport\n".utf8), bucket: bucket, key: place, by: key, in: region)
            let left = try bench.aws.delete(bucket: bucket, keys: [place], by: key, in: region)
            if let first = left.first { return (false, "An object cannot be deleted: \(first.code).") }
            return (true, "It can be listed, written and cleaned under \(prefix.isEmpty ? "/" : prefix).")
        }
    }

    private var knownLogGroup: String { environment.definition?.logGroup ?? LogPlace.defaultGroup }

    private var logGroup: String {
        guard let definition else { return knownLogGroup }
        let options = definition["containerProperties"]?["logConfiguration"]?["options"]
        return options?["awslogs-group"]?.string ?? LogPlace.defaultGroup
    }

    private mutating func lookAtLogs(_ key: AWSCredentials, _ bench: inout Workbench) throws {
        let group = logGroup
        let region = environment.region
        try look("Logs", isOfKey: true, remedy: "Allow the credential to read the log group \(group).") {
            do {
                _ = try bench.aws.logEvents(
                    group: group, stream: "batchport-check", limit: 1, by: key, in: region)
            } catch let error as AWSError where error.isNotFound {}
            return (true, "Log group \(group) can be read.")
        }
    }
}

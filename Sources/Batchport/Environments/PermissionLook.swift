import AWS
import FoundationEssentials
import JSON

/// Asks AWS for each thing that a job will need, in ways that change nothing, and keeps what it does not allow.
struct PermissionLook {
    let environment: BatchEnvironment
    let key: AWSCredentials
    let logGroup: String
    /// As IAM names them: `batch:SubmitJob`.
    private(set) var denied: [String] = []

    /// A job's id that AWS has never given.
    private static let nobody = "00000000-0000-0000-0000-000000000000"

    init(_ environment: BatchEnvironment, by key: AWSCredentials, logGroup: String) {
        self.environment = environment
        self.key = key
        self.logGroup = logGroup
    }

    /// Allowed is whatever is not refused for want of permission. That AWS cannot be reached is thrown.
    private mutating func ask(_ action: String, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as AWSError {
            if error.isAccessDenied {
                denied.append(Self.named(in: error.message) ?? action)
            } else if !error.isNotFound, !error.isDefinite {
                throw error
            }
        }
    }

    /// AWS names the action that it misses, which may be another one than was called: `… to perform: batch:TagResource on …`
    private static func named(in message: String) -> String? {
        guard let start = message.firstRange(of: "to perform: ") else { return nil }
        let word = message[start.upperBound...].prefix { $0.isLetter || $0.isNumber || $0 == ":" || $0 == "-" }
        return word.contains(":") ? String(word) : nil
    }

    /// What signing for a job from its beginning on takes.
    mutating func askAsSubmitter(_ bench: inout Workbench) throws {
        let (look, key, place) = (self, key, environment)
        try ask("batch:DescribeJobDefinitions") {
            _ = try bench.aws.describeJobDefinitions(place.jobDefinition, by: key, in: place.region)
        }
        try ask("batch:DescribeJobQueues") {
            _ = try bench.aws.describeJobQueues([place.jobQueue], by: key, in: place.region)
        }
        try ask("batch:SubmitJob") { try look.submitNothing(&bench) }
        try ask("s3:PutObject") {
            try bench.aws.put([0x0A], bucket: place.ioBucket, key: look.object, by: key, in: place.region)
        }
        try askAsCustodian(&bench)
    }

    /// What looking after a job that AWS has takes.
    mutating func askAsCustodian(_ bench: inout Workbench) throws {
        let (look, key, place) = (self, key, environment)
        try ask("batch:DescribeJobs") { _ = try bench.aws.describeJobs([Self.nobody], by: key, in: place.region) }
        try ask("batch:ListJobs") {
            _ = try bench.aws.listJobs(named: "batchport-check", queue: place.jobQueue, by: key, in: place.region)
        }
        try ask("batch:TerminateJob") {
            try bench.aws.terminateJob(Self.nobody, reason: "Batchport: check", by: key, in: place.region)
        }
        try ask("s3:ListBucket") {
            _ = try bench.aws.list(
                bucket: place.ioBucket, prefix: place.prefix + "jobs/", limit: 1, by: key, in: place.region)
        }
        try ask("s3:GetObject") {
            _ = try bench.aws.head(bucket: place.ioBucket, key: look.object, by: key, in: place.region)
        }
        let left = try deleteObject(&bench)
        if left == "AccessDenied" { denied.append("s3:DeleteObject") }
        try ask("logs:GetLogEvents") {
            _ = try bench.aws.logEvents(
                group: look.logGroup, stream: "batchport-check", limit: 1, by: key, in: place.region)
        }
        // An array's children are read many at a time.
        try ask("logs:FilterLogEvents") {
            _ = try bench.aws.logEvents(
                group: look.logGroup, streams: ["batchport-check"], limit: 1, by: key, in: place.region)
        }
    }

    private var object: String { "\(environment.prefix)checks/\(environment.id.lower)-permissions" }

    /// The answer's code for the one key; DeleteObjects itself is allowed to everybody who may sign.
    private mutating func deleteObject(_ bench: inout Workbench) throws -> String? {
        let (look, key, place) = (self, key, environment)
        var code: String?
        try ask("s3:DeleteObject") {
            code = try bench.aws.delete(bucket: place.ioBucket, keys: [look.object], by: key, in: place.region).first?
                .code
        }
        return code
    }

    /// Of a revision that cannot exist: who is allowed to submit hears that it does not.
    private func submitNothing(_ bench: inout Workbench) throws {
        let parts = environment.jobDefinition.split(separator: ":").map(String.init)
        let definition = parts.prefix(6).joined(separator: ":") + ":2147483647"
        var input = SubmitJobInput(
            jobName: "batchport-check", jobQueue: environment.jobQueue, jobDefinition: definition)
        input.tags = [Adoption.tag: "check"]
        let made = try bench.aws.submitJob(input, by: key, in: environment.region)
        try bench.aws.terminateJob(made.jobID, reason: "Batchport: check", by: key, in: environment.region)
    }
}

extension PermissionLook {
    /// - Parameter whom: whose identity it is, for the finding's name.
    func finding(_ whom: String) -> BatchEnvironment.Finding {
        let missing = Set(denied).sorted()
        if missing.isEmpty {
            return .init(name: whom, ok: true, detail: "It may do everything that jobs here need.", remedy: nil)
        }
        return .init(
            name: whom, ok: false, detail: "It is not allowed \(missing.joined(separator: ", ")).",
            remedy: "Give its IAM user or role a policy such as this one, then check again.",
            policy: RequiredPolicy(environment, logGroup: logGroup).text(for: missing))
    }
}

/// The IAM policy that allows what is missing, on no more than this environment's own.
struct RequiredPolicy {
    /// Everything that signing for jobs from their beginning to their deletion takes.
    static let all = [
        "batch:SubmitJob", "batch:TerminateJob", "batch:TagResource", "batch:DescribeJobs", "batch:ListJobs",
        "batch:DescribeJobDefinitions", "batch:DescribeJobQueues", "s3:PutObject", "s3:GetObject", "s3:DeleteObject",
        "s3:ListBucket", "logs:GetLogEvents", "logs:FilterLogEvents",
    ]

    private let environment: BatchEnvironment
    private let logGroup: String

    init(_ environment: BatchEnvironment, logGroup: String) {
        self.environment = environment
        self.logGroup = logGroup
    }

    func text(for actions: [String]) -> String {
        let groups = Dictionary(grouping: actions, by: resources)
        let statements = groups.sorted { $0.value[0] < $1.value[0] }.map { resources, actions in
            """
                { "Effect": "Allow",
                  "Action": [\(quoted(actions))],
                  "Resource": [\(quoted(resources))] }
            """
        }
        return """
            { "Version": "2012-10-17",
              "Statement": [
            \(statements.joined(separator: ",\n")) ] }
            """
    }

    private func quoted(_ texts: [String]) -> String { texts.map { "\"\($0)\"" }.joined(separator: ", ") }

    /// Batch's Describe and List know no narrower resource than all.
    private func resources(_ action: String) -> [String] {
        let parts = environment.jobDefinition.split(separator: ":").map(String.init)
        let partition = parts.count > 1 ? parts[1] : "aws"
        let account = "arn:\(partition):batch:\(environment.region):\(environment.account)"
        let bucket = "arn:\(partition):s3:::\(environment.ioBucket)"
        switch action {
        case "batch:SubmitJob": return [parts.prefix(6).joined(separator: ":") + ":*", environment.jobQueue]
        case "batch:TerminateJob", "batch:TagResource": return [account + ":job/*"]
        case "s3:ListBucket": return [bucket]
        case let object where object.hasPrefix("s3:"): return ["\(bucket)/\(environment.prefix)*"]
        case let logs where logs.hasPrefix("logs:"):
            return ["arn:\(partition):logs:\(environment.region):\(environment.account):log-group:\(logGroup):*"]
        default: return ["*"]
        }
    }
}

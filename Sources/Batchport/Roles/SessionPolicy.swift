import AWS
import FoundationEssentials
import JSON
import PostgreSQL

/// What a use may reach at AWS where the credential is a role: its session may do that and no more (trust.md S34).
enum SecretReach: Equatable {
    /// What the job was sent to and from.
    case job(UUID)
    /// - Parameter logGroup: where AWS has just named another than the environment's last check.
    case environment(UUID, logGroup: String? = nil)
    /// One object of a bucket.
    case object(bucket: String, key: String)
    /// Batch's lists and descriptions, which know no narrower resource than all.
    case looking
    /// A CloudFormation stack's outputs.
    case stack(String, region: String)
    /// Nothing; one may still ask who one is.
    case nothing
}

/// A session's policy, cut to what it is used for.
struct SessionPolicy: Equatable {
    let text: String

    /// Where jobs of one environment are.
    struct Place {
        let region: String
        let account: String
        let bucket: String
        let prefix: String
        let jobQueue: String
        let jobDefinition: String
        let logGroup: String

        init(_ row: borrowing Row) throws {
            region = try row.text("region")
            account = try row.text("account")
            bucket = try row.text("bucket")
            prefix = try row.text("prefix")
            jobQueue = try row.text("job_queue")
            jobDefinition = try row.text("job_definition")
            logGroup = try row.textOptional("log_group") ?? LogPlace.defaultGroup
        }

        /// As CloudWatch Logs names groups: what is none of it, above all a star, would open others.
        var logGroupPattern: String {
            let isName = logGroup.utf8.allSatisfy { byte in
                switch byte {
                case 0x61...0x7A, 0x41...0x5A, 0x30...0x39: true
                case 0x2E, 0x2D, 0x5F, 0x2F, 0x23: true
                default: false
                }
            }
            return isName && (1...512).contains(logGroup.utf8.count) ? logGroup : LogPlace.defaultGroup
        }
    }

    private init(_ statements: [JSONValue]) {
        let document: JSONValue = ["Version": "2012-10-17", "Statement": .array(statements)]
        text = String(decoding: document.serialized(), as: UTF8.self)
    }

    static let nothing = SessionPolicy([["Effect": "Deny", "Action": "*", "Resource": "*"]])
    static let looking = SessionPolicy([look])

    init(_ place: Place) {
        self.init(Self.statements(place, logs: place.logGroupPattern + ":*"))
        // Where all names are as long as AWS lets them be, the group's is cut, rather than the policy be refused.
        let excess = text.utf8.count - AssumeRoleInput.policyLimit
        if excess > 0 {
            self = SessionPolicy(Self.statements(place, logs: String(place.logGroupPattern.dropLast(excess)) + "*"))
        }
    }

    private static func statements(_ place: Place, logs: String) -> [JSONValue] {
        // arn, partition, service, region, account, and the definition's name without its revision.
        let definition = place.jobDefinition.split(separator: ":", omittingEmptySubsequences: false).prefix(6)
        let partition = definition.count > 1 ? String(definition[1]) : "aws"
        let own = "\(place.region):\(place.account)"
        let bucket = "arn:\(partition):s3:::\(place.bucket)"
        let group = "arn:\(partition):logs:\(own):log-group:\(logs)"
        return [
            allow(["batch:SubmitJob"], [definition.joined(separator: ":") + ":*", place.jobQueue]),
            allow(["batch:TerminateJob", "batch:TagResource"], ["arn:\(partition):batch:\(own):job/*"]),
            look,
            allow(["logs:GetLogEvents", "logs:FilterLogEvents"], [group]),
            allow(objectActions, ["\(bucket)/\(place.prefix)*"]),
            allow(["s3:ListBucket"], [bucket], where: ["StringLike": ["s3:prefix": .string(place.prefix + "*")]]),
        ]
    }

    init(bucket: String, key: String, partition: String) {
        let arn = "arn:\(partition):s3:::\(bucket)"
        self.init([
            Self.allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], ["\(arn)/\(key)"]),
            // Without it, an object that is not there is one that may not be seen.
            Self.allow(["s3:ListBucket"], [arn], where: ["StringLike": ["s3:prefix": .string(key)]]),
        ])
    }

    init(stack name: String, region: String, partition: String) {
        let arn = name.hasPrefix("arn:") ? name : "arn:\(partition):cloudformation:\(region):*:stack/\(name)/*"
        self.init([Self.allow(["cloudformation:DescribeStacks"], [arn])])
    }

    private static let look = allow(["batch:Describe*", "batch:List*"], ["*"])
    private static let objectActions = [
        "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts",
    ]

    private static func allow(
        _ actions: [String], _ resources: [String], where condition: JSONValue? = nil
    ) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("Effect", "Allow"), .init("Action", JSONValue(actions)), .init("Resource", JSONValue(resources)),
        ]
        if let condition { members.append(.init("Condition", condition)) }
        return .object(members)
    }
}

extension Connection {
    /// Nil where what was to be reached is gone.
    mutating func sessionPolicy(for reach: SecretReach, partition: String) throws -> SessionPolicy? {
        switch reach {
        case .nothing: return .nothing
        case .looking: return .looking
        case .object(let bucket, let key): return SessionPolicy(bucket: bucket, key: key, partition: partition)
        case .stack(let name, let region): return SessionPolicy(stack: name, region: region, partition: partition)
        case .job(let id):
            return try row(
                """
                SELECT j.region, j.account, j.bucket, j.prefix, j.job_queue, j.job_definition,
                    \(fragment: LogPlace.groupOfEnvironment) AS log_group
                FROM jobs j JOIN environments e ON e.id = j.environment WHERE j.id = \(id)
                """
            ) { SessionPolicy(try SessionPolicy.Place($0)) }
        case .environment(let id, let logGroup):
            return try row(
                """
                SELECT region, account, io_bucket AS bucket, prefix, job_queue, job_definition,
                    coalesce(\(logGroup), \(fragment: LogPlace.groupOfEnvironment)) AS log_group
                FROM environments e WHERE id = \(id)
                """
            ) { SessionPolicy(try SessionPolicy.Place($0)) }
        }
    }
}

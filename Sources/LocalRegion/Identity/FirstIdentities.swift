import JSON
import PostgreSQL

/// Whom the region knows from its first start on: the users of `users.json`, who may do everything, and two roles as
/// `deploy/aws/environment.yaml` makes them. Policies that somebody has changed since stay as they are.
enum FirstIdentities {
    /// Jobs whose definition names no role run as this one.
    static let jobRole = "batchport-job"
    /// What the portal assumes; only with the external id.
    static let portalRole = "batchport-portal"
    static let externalID = "batchport-local-external-id"

    static func prepare(_ users: [String], account: String, region: String, _ database: inout Connection) throws {
        for name in users {
            try database.execute("INSERT INTO users (name) VALUES (\(name)) ON CONFLICT DO NOTHING")
            try add("user/\(name)", "everything", allow(["*"], ["*"]), &database)
        }
        let trust: JSONValue = [
            "Effect": "Allow", "Principal": ["Service": "ecs-tasks.amazonaws.com"], "Action": "sts:AssumeRole",
        ]
        try addRole(jobRole, trust, "own-files", jobStatements, &database)
        let portalTrust: JSONValue = [
            "Effect": "Allow", "Principal": ["AWS": .string(account)],
            "Action": ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"],
            "Condition": ["StringEquals": ["sts:ExternalId": .string(externalID)]],
        ]
        try addRole(portalRole, portalTrust, "batchport", portalStatements(account, region), &database)
    }

    private static func addRole(
        _ name: String, _ trust: JSONValue, _ policy: String, _ statements: [JSONValue], _ database: inout Connection
    ) throws {
        let made = try database.execute(
            """
            INSERT INTO roles (name, trust) VALUES (\(name), \(JSONText(document([trust]).serialized())))
            ON CONFLICT DO NOTHING
            """)
        if made == 1 { try add("role/\(name)", policy, statements, &database) }
    }

    private static func add(
        _ holder: String, _ name: String, _ statements: [JSONValue], _ database: inout Connection
    ) throws {
        try database.execute(
            """
            INSERT INTO identity_policies (holder, name, document)
            SELECT \(holder), \(name), \(JSONText(document(statements).serialized()))
            WHERE NOT EXISTS (SELECT FROM identity_policies WHERE holder = \(holder)) ON CONFLICT DO NOTHING
            """)
    }

    private static func document(_ statements: [JSONValue]) -> JSONValue {
        ["Version": "2012-10-17", "Statement": .array(statements)]
    }

    private static func allow(_ actions: [String], _ resources: [String]) -> [JSONValue] {
        [["Effect": "Allow", "Action": JSONValue(actions), "Resource": JSONValue(resources)]]
    }

    private static let bucket = S3Operation.arn(FirstStart.bucket)

    private static var jobStatements: [JSONValue] {
        let files = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
        return allow(files, ["\(bucket)/*"])
    }

    private static func portalStatements(_ account: String, _ region: String) -> [JSONValue] {
        let batch = "arn:aws:batch:\(region):\(account):"
        let logs = "arn:aws:logs:\(region):\(account):log-group:/aws/batch/job:*"
        let look = [
            "batch:DescribeJobs", "batch:ListJobs", "batch:DescribeJobQueues", "batch:DescribeJobDefinitions",
            "batch:DescribeComputeEnvironments",
        ]
        let files = [
            "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts",
        ]
        return allow(["batch:SubmitJob"], [batch + "job-queue/local", batch + "job-definition/*"])
            + allow(["batch:TerminateJob", "batch:TagResource"], [batch + "job/*"]) + allow(look, ["*"])
            + allow(["batch:GetJobQueueSnapshot"], [batch + "job-queue/local"])
            + allow(["logs:GetLogEvents", "logs:FilterLogEvents", "logs:DescribeLogStreams"], [logs])
            + allow(files, ["\(bucket)/*"]) + allow(["s3:ListBucket", "s3:GetBucketLocation"], [bucket])
            + allow(
                ["cloudformation:DescribeStacks"],
                ["arn:aws:cloudformation:\(region):\(account):stack/\(CloudFormationService.stackName)/*"])
    }
}

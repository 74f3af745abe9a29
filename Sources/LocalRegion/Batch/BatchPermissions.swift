import JSON
import PostgreSQL

/// What Batch's operations need to be allowed to do.
///
/// Source: the Service Authorization Reference, "Actions, resources, and condition keys for AWS Batch".
struct BatchPermissions {
    private let input: JSONValue
    private let names: BatchName

    /// Empty for an operation that does not exist.
    static func of(
        _ operation: String, _ input: JSONValue, _ caller: LocalCaller, _ database: inout Connection
    ) throws -> [Permission] {
        let asked = BatchPermissions(input: input, names: BatchName(account: caller.account))
        return switch operation.lowercased() {
        case "submitjob": try asked.submission(&database)
        case "terminatejob": [Permission("batch:TerminateJob", asked.job)]
        case "canceljob": [Permission("batch:CancelJob", asked.job)]
        case "describejobs": [Permission("batch:DescribeJobs", "*")]
        case "listjobs": [Permission("batch:ListJobs", "*")]
        case "describejobdefinitions": [Permission("batch:DescribeJobDefinitions", "*")]
        case "describejobqueues": [Permission("batch:DescribeJobQueues", "*")]
        case "describecomputeenvironments": [Permission("batch:DescribeComputeEnvironments", "*")]
        case "getjobqueuesnapshot": [Permission("batch:GetJobQueueSnapshot", asked.queue("jobQueue"))]
        case "registerjobdefinition": asked.registration
        case "deregisterjobdefinition": [Permission("batch:DeregisterJobDefinition", asked.deregistered)]
        case "createjobqueue": [Permission("batch:CreateJobQueue", asked.queue("jobQueueName"), asked.tags)]
        case "updatejobqueue": [Permission("batch:UpdateJobQueue", asked.queue("jobQueue"))]
        case "deletejobqueue": [Permission("batch:DeleteJobQueue", asked.queue("jobQueue"))]
        case "listtagsforresource": [Permission("batch:ListTagsForResource", asked.text("resourceArn"))]
        case "tagresource": [Permission("batch:TagResource", asked.text("resourceArn"), asked.tags)]
        case "untagresource":
            [Permission("batch:UntagResource", asked.text("resourceArn"), ["aws:TagKeys": asked.texts("tagKeys")])]
        default: []
        }
    }

    private func text(_ name: String) -> String { input[name]?.string ?? "" }
    private func texts(_ name: String) -> [String] { (input[name]?.array ?? []).compactMap(\.string) }
    private func queue(_ name: String) -> String { names.queue(names.queueName(text(name))) }
    private var job: String { names.job(text("jobId")) }

    private var deregistered: String {
        let wanted = names.definitionName(text("jobDefinition"))
        return names.definition(wanted?.name ?? "", wanted?.revision ?? 0)
    }

    private var tags: [String: [String]] {
        let tags = input["tags"]?.members ?? []
        var context: [String: [String]] = tags.isEmpty ? [:] : ["aws:TagKeys": tags.map(\.name)]
        for tag in tags { context["aws:RequestTag/\(tag.name)"] = tag.value.string.map { [$0] } }
        return context
    }

    /// The queue and the definition, and its tags where the job is to have some. A definition that is named without its
    /// revision is the newest.
    private func submission(_ database: inout Connection) throws -> [Permission] {
        var context = tags
        context["batch:ShareIdentifier"] = input["shareIdentifier"]?.string.map { [$0] }
        let wanted = names.definitionName(text("jobDefinition"))
        let name = wanted?.name ?? ""
        let revision = try wanted?.revision ?? Self.newest(name, &database)
        let action = "batch:SubmitJob"
        return [
            Permission(action, names.definition(name, revision), context),
            Permission(action, queue("jobQueue"), context),
        ] + tagging(names.job("*"))
    }

    /// 0 where there is none.
    private static func newest(_ name: String, _ database: inout Connection) throws -> Int {
        let found = try database.row(
            "SELECT max(revision) FROM job_definitions WHERE name = \(name) AND status = 'ACTIVE'"
        ) { row in try row.intOptional(0) }
        return (found ?? nil) ?? 0
    }

    private var registration: [Permission] {
        let container = input["containerProperties"]
        let options = container?["logConfiguration"]?["options"]
        var context = tags
        context["batch:Image"] = container?["image"]?.string.map { [$0] }
        context["batch:User"] = container?["user"]?.string.map { [$0] }
        context["batch:Privileged"] = container?["privileged"]?.bool.map { [String($0)] }
        context["batch:LogDriver"] = container?["logConfiguration"]?["logDriver"]?.string.map { [$0] }
        context["batch:AWSLogsGroup"] = options?["awslogs-group"]?.string.map { [$0] }
        context["batch:AWSLogsRegion"] = options?["awslogs-region"]?.string.map { [$0] }
        let name = names.definitionName(text("jobDefinitionName"))?.name ?? ""
        let passed = ["jobRoleArn", "executionRoleArn"].compactMap { container?[$0]?.string }.map { role in
            Permission("iam:PassRole", role, ["iam:PassedToService": ["ecs-tasks.amazonaws.com"]])
        }
        let definition = names.definitions(name)
        // What is tagged is the revision, whose number nobody knows yet.
        return [Permission("batch:RegisterJobDefinition", definition, context)] + tagging(definition + ":*") + passed
    }

    private func tagging(_ resource: String) -> [Permission] {
        tags.isEmpty ? [] : [Permission("batch:TagResource", resource, tags)]
    }
}

package import JSON
package import PostgreSQL

/// AWS Batch's operations by their lower-case names on the wire (`submitjob`). Everything in the account is visible to
/// all its users, as in AWS.
package enum BatchService {
    /// What the first start makes: the queue `local` and its definitions. Called under a lock, at every start.
    package static func prepare(_ database: inout Connection) throws {
        _ = try database.pipeline([
            "INSERT INTO job_queues (name) VALUES ('local') ON CONFLICT DO NOTHING",
            """
            INSERT INTO job_definitions (name, revision, image, command, memory_mib, timeout_seconds, tags)
            VALUES ('batchport-runner', 1, 'local/batchport-runner', '{/opt/batchport/batchport-runner}', 512, 3600,
                '{"batchport:runner": "1"}') ON CONFLICT DO NOTHING
            """,
            """
            INSERT INTO job_definitions (name, revision, image, command, memory_mib)
            VALUES ('plain', 1, 'local/plain', '{true}', 512) ON CONFLICT DO NOTHING
            """,
        ])
    }

    /// Nil is AWS's empty answer.
    /// - Parameter age: of the states that are shown, in milliseconds; a fault's.
    /// - Throws: `LocalFault` for what the caller did wrong, `PostgresError`.
    package static func answer(
        _ operation: String, _ input: JSONValue, _ caller: LocalCaller, _ database: inout Connection, age: Int? = nil
    ) throws -> JSONValue? {
        switch operation.lowercased() {
        case "submitjob": return try SubmitJob.answer(input, caller, &database)
        case "describejobs": return try DescribeJobs.answer(input, caller, &database, age: age)
        case "listjobs": return try ListJobs.answer(input, caller, &database, age: age)
        case "terminatejob": try StopJob.terminate(input, &database)
        case "canceljob": try StopJob.cancel(input, &database)
        case "describejobdefinitions": return try DescribeJobDefinitions.answer(input, caller, &database)
        case "describejobqueues": return try DescribeJobQueues.answer(input, caller, &database)
        case "describecomputeenvironments":
            return try DescribeComputeEnvironments.answer(input, caller, &database)
        case "getjobqueuesnapshot": return try GetJobQueueSnapshot.answer(input, caller, &database)
        case "registerjobdefinition": return try RegisterJobDefinition.answer(input, caller, &database)
        case "deregisterjobdefinition": try RegisterJobDefinition.deregister(input, caller, &database)
        case "createjobqueue": return try JobQueues.create(input, caller, &database)
        case "updatejobqueue": return try JobQueues.update(input, caller, &database)
        case "deletejobqueue": try JobQueues.delete(input, caller, &database)
        case "listtagsforresource": return try JobTags.list(input, caller, &database)
        case "tagresource": try JobTags.add(input, caller, &database)
        case "untagresource": try JobTags.remove(input, caller, &database)
        default:
            throw LocalFault(
                status: 404, code: "UnknownOperationException",
                message: "The local region does not have Batch's operation \(operation.prefix(64))")
        }
        return nil
    }
}

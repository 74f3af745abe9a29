internal import FoundationEssentials
internal import JSON
internal import PostgreSQL

/// An attempt's place in the database, and the key that ends with it.
struct AttemptKey {
    let job: UUID
    /// From 1.
    let number: Int
    let accessKeyID: String
}

/// A job in the executor's hands, for one attempt.
struct ClaimedJob: Sendable {
    /// The row's own.
    let id: UUID
    private let name: JobID
    private let arraySize: Int?
    let attempt: Int
    let task: String
    let needs: ResourceNeeds
    let timeoutSeconds: Int?
    let command: [String]
    let hasRunner: Bool
    /// The executor's run that this attempt belongs to.
    let instance: String
    /// The document that AWS's SDKs read from a container's credentials endpoint.
    let credentials: JSONValue
    private let queue: String
    private let definition: String
    private let accessKeyID: String
    private let variables: JSONValue

    init(_ row: borrowing Row, credentials: JSONValue) throws {
        id = try row.uuid("id")
        name = try JobID(row)
        arraySize = try row.intOptional("array_size")
        attempt = try row.int("attempt")
        task = try row.text("task")
        queue = try row.text("queue")
        definition = try row.text("definition")
        accessKeyID = try row.text("access_key_id")
        needs = ResourceNeeds(
            vcpus: try row.int("vcpus"), memoryMiB: try row.int("memory_mib"), gpus: try row.int("gpus"))
        timeoutSeconds = try row.intOptional("timeout_seconds")
        command = try row.value("command", as: [String].self)
        variables = try row.document("environment")
        hasRunner = try row.bool("has_runner")
        instance = try row.text("instance")
        self.credentials = credentials
    }

    var key: AttemptKey { AttemptKey(job: id, number: attempt, accessKeyID: accessKeyID) }

    var logStream: String { "\(definition.prefix(200))/default/\(task)" }

    /// What the container's image and ECS would set, then the job's own, then what Batch sets.
    func environment(endpoint: String) -> [String: String] {
        var environment = [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/work",
            "LANG": "C.UTF-8", "AWS_REGION": BatchName.region, "AWS_DEFAULT_REGION": BatchName.region,
            "AWS_ENDPOINT_URL": endpoint, "AWS_CONTAINER_CREDENTIALS_FULL_URI": Sandbox.credentialsURL,
        ]
        for variable in variables.array ?? [] {
            if let name = variable["name"]?.string { environment[name] = variable["value"]?.string ?? "" }
        }
        environment["AWS_BATCH_JOB_ID"] = name.text
        if let index = name.index {
            environment["AWS_BATCH_JOB_ARRAY_INDEX"] = String(index)
            environment["AWS_BATCH_JOB_ARRAY_SIZE"] = arraySize.map { String($0) }
        }
        environment["AWS_BATCH_JOB_ATTEMPT"] = String(attempt)
        environment["AWS_BATCH_JQ_NAME"] = queue
        environment["AWS_BATCH_CE_NAME"] = "batchport-local"
        return environment
    }
}

import FoundationEssentials
import JSON
import JobManifest
import PostgreSQL

/// A job on its way to AWS, as its row stands.
struct Submission {
    let id: UUID
    let owner: UUID
    let environment: (id: UUID, name: String)
    let credential: UUID
    let language: String
    let code: [UInt8]?
    let argv: [String]
    /// The environment's plain ones, and the person's own over them. Sealed ones are opened only to be sent.
    var variables: [String: String]
    let sealedVariables: [String]
    /// The person's own and the environment's; ours come on top.
    let tags: [String: String]
    let effective: JSONValue
    let timeConstraint: Int?
    let region: String
    let account: String
    let bucket: String
    let keys: JobKeys
    let queue: String
    let definition: String
    let hasRunner: Bool
    let resultFormat: String
    let array: SubmittedArray?
    let providerName: String
    let phase: String
    let intents: Int
    let environmentIsEnabled: Bool
    let stopIsRequested: Bool
    let isTooLate: Bool
    /// Until AWS's list can be believed about the last intent; 0 where there was none.
    let waitMilliseconds: Int

    var place: Place { Place(account: account, region: region) }

    var isUnwanted: String? {
        if stopIsRequested { return "Aborted before it was sent." }
        return isTooLate ? "It could not be sent before the time that was set for it." : nil
    }

    init(_ row: borrowing Row) throws {
        id = try row.uuid("id")
        owner = try row.uuid("owner")
        environment = (try row.uuid("environment"), try row.text("environment_name"))
        credential = try row.uuid("credential")
        language = try row.text("language")
        code = try row.bytesOptional("code")
        argv = try row.value("argv", as: [String]?.self) ?? []
        let given = try row.json("environment_variables")
        variables = Self.strings(given).merging(Self.strings(try row.json("variables"))) { $1 }
        sealedVariables = Self.sealed(given)
        tags = Self.strings(try row.json("tags")).merging(Self.strings(try row.json("forced_tags"))) { $1 }
        effective = (try? JSONValue.parse(row.json("effective").bytes)) ?? .null
        timeConstraint = try row.intOptional("time_constraint")
        region = try row.text("region")
        account = try row.text("account")
        bucket = try row.text("bucket")
        let prefix = try row.text("prefix")
        guard let keys = JobKeys(prefix: prefix, job: id.lower) else { throw UnreadableArguments(name: "job") }
        self.keys = keys
        queue = try row.text("job_queue")
        definition = try row.text("job_definition")
        hasRunner = try row.bool("with_runner")
        resultFormat = try row.text("result_format")
        array = try SubmittedArray(row)
        providerName = try row.text("provider_job_name")
        phase = try row.text("phase")
        intents = try row.int("intents")
        environmentIsEnabled = try row.bool("environment_is_enabled")
        stopIsRequested = try row.bool("stop_is_requested")
        isTooLate = try row.bool("is_too_late")
        waitMilliseconds = try row.int("wait_milliseconds")
    }

    private static func sealed(_ json: JSONText) -> [String] {
        let members = (try? JSONValue.parse(json.bytes))?.members ?? []
        return members.compactMap { $0.value["sealed"] == nil ? nil : $0.name }
    }

    private static func strings(_ json: JSONText) -> [String: String] {
        let members = (try? JSONValue.parse(json.bytes))?.members ?? []
        return Dictionary(members.compactMap { member in member.value.string.map { (member.name, $0) } }) { $1 }
    }
}

extension Connection {
    /// - Parameter requestMilliseconds: the longest that one sending takes.
    mutating func submission(_ id: UUID, requestMilliseconds: Int, boundSeconds: Int?) throws -> Submission? {
        try row(
            """
            SELECT id, owner, environment, environment_name, credential, language, code, argv, variables, tags,
                environment_variables, forced_tags, effective,
                time_constraint, region, account, bucket, prefix, job_queue, job_definition, with_runner,
                result_format, function, initialization, workers, method, elements, elements_upload, child_count,
                provider_job_name, phase, intents,
                coalesce((SELECT enabled FROM environments WHERE environments.id = jobs.environment), true)
                    AS environment_is_enabled,
                stop_requested_at IS NOT NULL AS stop_is_requested, coalesce(start_before < now(), false) AS is_too_late,
                greatest(0, coalesce(ceil(extract(epoch FROM intent_at - now()) * 1000) + \(requestMilliseconds)
                    + 1000 * coalesce(\(boundSeconds), site_limit('submission.waitSeconds'), 60), 0))::bigint
                    AS wait_milliseconds
            FROM jobs WHERE id = \(id)
            """
        ) { try Submission($0) }
    }
}

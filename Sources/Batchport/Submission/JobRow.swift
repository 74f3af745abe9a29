import FoundationEssentials
import JSON
import JobManifest
import PostgreSQL

enum JobRow {
    /// A new job as the environment stands now; whatever is edited there later, this job keeps what it was sent with.
    static func insert(id: UUID, _ prepared: Submit.Prepared, elements: UUID?, owner: UUID) -> SQL {
        let (request, environment) = (prepared.request, prepared.environment)
        let isCommand = request.language == Language.command.rawValue
        let source: [UInt8]? = isCommand ? nil : Array(request.source.utf8)
        let argv: [String]? = isCommand ? request.argv : nil
        let settings: JSONValue = [
            "gpuCount": .string(request.gpuCount), "memory": .string(request.memory),
            "vcpuCount": .string(request.vcpuCount),
        ]
        let (array, plan) = (request.array, prepared.array)
        let startBefore: String? = request.startBefore.map { Instant($0).rfc3339(withMilliseconds: true) }
        return """
            INSERT INTO jobs (id, owner, environment, environment_version, credential, name, language, code, argv,
                variables, tags, settings, effective, time_constraint, start_before, account, region, bucket, prefix,
                job_queue, job_definition, with_runner, provider_job_name, job_type, result_format, function,
                initialization, workers, method, elements, elements_upload, child_count)
            VALUES (\(id), \(owner), \(environment.id), \(environment.version), \(prepared.credential), \(request.name),
                \(request.language), \(source), \(argv), \(json(request.variables))::jsonb,
                \(json(request.tags))::jsonb, \(settings.text)::jsonb, \(prepared.effective.json.text)::jsonb,
                \(request.timeConstraint), \(startBefore)::timestamptz, \(environment.account), \(environment.region),
                \(environment.ioBucket), \(environment.prefix), \(environment.jobQueue),
                \(prepared.effective.definition.arn), \(prepared.effective.definition.hasRunner),
                \("bp-" + id.lower), \(request.jobType), \(request.resultFormat), \(plan.map { _ in array.function }),
                \(plan == nil || array.initialization.isEmpty ? nil : Array(array.initialization.utf8)),
                \(plan.flatMap { _ in array.workers }), \(plan.map { $0.method.json.text })::jsonb,
                \(plan?.list.count), \(elements), \(plan?.spans.children))
            """
    }

    private static func json(_ pairs: [(name: String, value: String)]) -> String {
        JSONValue.object(pairs.map { .init($0.name, .string($0.value)) }).text
    }
}

import FoundationEssentials
import JSON
import PostgreSQL

/// All of an environment that is written at once, in the columns' order.
struct EnvironmentRow {
    static let columns: SQL = """
        name, description, region, account, io_bucket, prefix, job_definition, job_queue, service_object, credential,
        custodian, languages, mib_per_vcpu, mib_per_gpu, floor_mib, max_memory_mib, max_vcpus, max_gpus, max_seconds,
        max_children, max_concurrent_jobs, max_concurrent_jobs_person, max_jobs_day, max_jobs_day_person, inline_bytes,
        max_upload_bytes, forced_tags, variables, is_local, enabled, disabled_message, changed_by
        """

    let values: SQL

    init(_ checked: CheckedEnvironment, by person: UUID?) {
        let (entry, place) = (checked.entry, checked.definition)
        let (rule, limits) = (entry.memoryRule, entry.limits)
        let (word, credential) = Self.signer(entry.signer)
        let tags = JSONValue.object(
            entry.forcedTags.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) })
        let variables = JSONValue.object(
            checked.variables.sorted { $0.key < $1.key }.map { .init($0.key, $0.value.stored) })
        values = """
            \(entry.name), \(entry.about), \(place.region), \(place.account), \(entry.ioBucket), \(entry.prefix),
            \(entry.jobDefinition), \(entry.jobQueue), \(word), \(credential), \(entry.custodian), \(entry.languages),
            \(rule.mibPerVCPU)::int, \(rule.mibPerGPU)::int, \(rule.floorMiB)::int, \(limits.memoryMiB)::int,
            \(limits.vcpus)::int, \(limits.gpus)::int, \(limits.seconds)::int, \(limits.arraySize)::int,
            \(limits.concurrentJobs)::int, \(limits.concurrentJobsPerPerson)::int, \(limits.jobsPerDay)::int,
            \(limits.jobsPerDayPerPerson)::int, \(limits.inlineBytes), \(limits.uploadBytes),
            \(JSONText(tags.serialized())), \(JSONText(variables.serialized())), \(place.region == LocalNote.region),
            \(entry.isEnabled), \(entry.disabledMessage), \(person)
            """
    }

    private static func signer(_ signer: EnvironmentEntry.Signer) -> (word: String, credential: UUID?) {
        switch signer {
        case .automatic: ("automatic", nil)
        case .new: ("new", nil)
        case .credential(let id): ("credential", id)
        }
    }
}

extension BatchEnvironment.Variable {
    fileprivate var stored: JSONValue {
        switch self {
        case .plain(let text): .string(text)
        case .sealed(let version): ["sealed": JSONValue(version)]
        }
    }
}

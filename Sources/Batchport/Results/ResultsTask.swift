import AWS
import FoundationEssentials
import JobManifest
import PostgreSQL
import Tasks

/// Brings an array's results up to date because somebody looks at them while its children run. What is there at its end
/// is taken when the job is captured.
enum ResultsTask {
    static let kind = TaskKind("results", run: run)

    private static func run(_ task: ClaimedTask, _ bench: inout Workbench) throws -> TaskOutcome {
        let id = try task.id("job")
        guard let place = try bench.database.resultsPlace(id), !place.isFinal else { return .done }
        do {
            let key = try bench.openCredential(place.credential, for: .job(id, of: place.owner, "results"))
            let parts = ResultParts(
                job: id, keys: place.keys, bucket: place.bucket, region: place.region, key: key, task: task)
            try AssembledResults.bringUpToDate(parts, final: false, &bench)
            return .done
        } catch let trouble as CredentialTrouble {
            return .discard(reason: trouble.sentence)
        } catch let error as AWSError {
            return error.isDefinite ? .discard(reason: error.description) : task.patiently(error.description)
        }
    }
}

struct ResultsPlace {
    let owner: UUID
    let credential: UUID
    let bucket: String
    let region: String
    let keys: JobKeys
    let isFinal: Bool
}

extension Connection {
    /// Of an array that is at AWS or was.
    mutating func resultsPlace(_ job: UUID) throws -> ResultsPlace? {
        try row(
            """
            SELECT owner, credential, bucket, region, prefix, results_final FROM jobs
            WHERE id = \(job) AND job_type = 'Array' AND phase IN ('sent', 'lost')
            """
        ) { row in
            let prefix = try row.text("prefix")
            guard let keys = JobKeys(prefix: prefix, job: job.lower) else { throw UnreadableArguments(name: "job") }
            return ResultsPlace(
                owner: try row.uuid("owner"), credential: try row.uuid("credential"), bucket: try row.text("bucket"),
                region: try row.text("region"), keys: keys, isFinal: try row.bool("results_final"))
        }
    }
}

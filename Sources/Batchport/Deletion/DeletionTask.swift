import AWS
import FoundationEssentials
import JSON
import JobManifest
import PostgreSQL
import Tasks

/// Removes a job: its objects, then the files that no other job uses, last its rows. Each step may be done again, and the
/// job's row says until the end what is to be done, so that a worker's death half-way forgets nothing.
enum DeletionTask {
    static let kind = TaskKind("delete", run: run)

    private static func run(_ task: ClaimedTask, _ bench: inout Workbench) throws -> TaskOutcome {
        let id = try task.id("job")
        guard let job = try bench.database.doomedJob(id) else { return .done }
        do {
            let key = try bench.openCredential(job.credential, for: .job(id, of: job.person, "delete"))
            let uploads = try bench.write(for: task) { try $0.takeUploads(of: job) }
            var sweep = BucketSweep(job: job, key: key)
            try sweep.removeFolder(keeping: uploads.kept, &bench)
            try sweep.remove(uploads.doomed, &bench)
            try bench.write(for: task) { try $0.forget(job, objects: sweep.removed) }
            return .done
        } catch let trouble as CredentialTrouble {
            try bench.noteDeletion(trouble.sentence, trouble.remedyOfDeletion, of: id, for: task)
            return task.patiently(trouble.sentence)
        } catch let error as AWSError {
            try bench.noteDeletion(error.sentence, error.remedyOfDeletion, of: id, for: task)
            return task.patiently(error.description)
        } catch let left as LeftBehind {
            try bench.noteDeletion(left.sentence, left.remedy, of: id, for: task)
            return task.patiently(left.sentence)
        }
    }
}

/// A job that somebody has asked to delete.
struct DoomedJob {
    let id: UUID
    let name: String
    let owner: UUID
    /// Who asked.
    let person: UUID?
    let credential: UUID
    let region: String
    let bucket: String
    let keys: JobKeys
}

/// S3 has answered that an object could not be deleted.
private struct LeftBehind: Error {
    let code: String
    var sentence: String { "AWS refused to delete an object: \(code)." }
    var remedy: String? { code == "AccessDenied" ? DeletionRemedy.permission : nil }
}

/// The objects of one job, removed a page at a time.
private struct BucketSweep {
    let job: DoomedJob
    let key: AWSCredentials
    private(set) var removed = 0

    init(job: DoomedJob, key: AWSCredentials) {
        self.job = job
        self.key = key
    }

    /// What is kept is behind the pages that are asked for next, so that they never come to an end that is none.
    mutating func removeFolder(keeping kept: Set<String>, _ bench: inout Workbench) throws {
        var last: String?
        while true {
            try bench.stop.check()
            let page = try bench.aws.list(
                bucket: job.bucket, prefix: job.keys.folder, startAfter: last, by: key, in: job.region)
            try remove(page.objects.map(\.key).filter { !kept.contains($0) }, &bench)
            last = page.objects.last?.key
            if page.continuation == nil { return }
        }
    }

    mutating func remove(_ keys: [String], _ bench: inout Workbench) throws {
        for start in stride(from: 0, to: keys.count, by: 1000) {
            let some = Array(keys[start...].prefix(1000))
            let left = try bench.aws.delete(bucket: job.bucket, keys: some, by: key, in: job.region)
            if let first = left.first { throw LeftBehind(code: first.code) }
            removed += some.count
        }
    }
}

extension Workbench {
    fileprivate mutating func noteDeletion(
        _ sentence: String, _ remedy: String?, of job: UUID, for task: ClaimedTask
    ) throws {
        try write(for: task) { database in
            try database.execute(
                """
                UPDATE jobs SET delete_trouble = \(sentence), delete_remedy = \(remedy)
                WHERE id = \(job) AND (delete_trouble, delete_remedy) IS DISTINCT FROM (\(sentence)::text, \(remedy)::text)
                """)
        }
    }
}

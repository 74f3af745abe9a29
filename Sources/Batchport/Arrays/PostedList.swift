import AWS
import FoundationEssentials
import PostgreSQL
import Tasks

/// A list's file that went straight to the bucket is there no longer than until the list has been made of it: kept beside it,
/// the elements would lie there twice. Its key stays written down with the list until it is gone, so that the last job's
/// deletion finds it if it could not be removed at once.
enum PostedList {
    /// The list goes out whether or not this succeeds: a credential that may not delete is no reason to refuse a job.
    static func drop(
        _ file: String, of upload: UUID, _ job: Submission, by key: AWSCredentials, _ task: ClaimedTask,
        _ bench: inout Workbench
    ) throws {
        guard let left = try? bench.aws.delete(bucket: job.bucket, keys: [file], by: key, in: job.region), left.isEmpty
        else { return }
        try bench.write(for: task) { database in
            try database.execute("UPDATE uploads SET elements = elements #- '{stored,file}' WHERE id = \(upload)")
        }
    }
}

extension Connection {
    /// What is not needed beside the list that has been made of it; nil if it is an input file as well, or has no object of
    /// its own. Locked first and asked about then: a submission that was quicker keeps the file.
    mutating func postedFile(of upload: UUID) throws -> String? {
        let key = try row("SELECT key FROM uploads WHERE id = \(upload) FOR UPDATE") { try $0.textOptional(0) } ?? nil
        let isInput = try row("SELECT EXISTS (SELECT FROM job_inputs WHERE upload = \(upload))") { try $0.bool(0) }
        return isInput == true ? nil : key
    }
}

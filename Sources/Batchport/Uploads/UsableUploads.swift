import FoundationEssentials
import PostgreSQL

/// Files that a submission may name: complete ones, and those of earlier jobs as long as their bytes are where the
/// environment's jobs look for them. A file is shared, not copied; deleting the last job that uses it removes it. Of a list
/// of elements there is no file any more once the list is made.
extension Upload {
    /// Of `uploads` and its environment `e`.
    static let isUsable: SQL = """
        uploads.sha256 IS NOT NULL AND (
            uploads.state = 'complete' AND uploads.expires_at > now()
            OR uploads.state = 'used' AND (uploads.key IS NOT NULL
                OR EXISTS (SELECT FROM upload_chunks c WHERE c.upload = uploads.id)))
        AND uploads.key IS DISTINCT FROM coalesce(uploads.elements #>> '{stored,list,key}', '')
        AND NOT EXISTS (SELECT FROM job_inputs i JOIN jobs j ON j.id = i.job
            WHERE i.upload = uploads.id AND (j.bucket <> e.io_bucket OR j.region <> e.region))
        """
}

/// An input file of a job that is to run again.
struct InputAgain {
    let name: String
    let size: Int64
    /// Nil where it must be sent anew: another person's, or gone.
    let upload: UUID?
}

extension Connection {
    /// Those of the uploads that the asker may name in a submission to the environment, or to that which each is of.
    mutating func usableUploads(_ ids: [UUID], in environment: UUID? = nil) throws -> [UUID: Upload] {
        if ids.isEmpty { return [:] }
        let found = try rows(
            """
            SELECT \(fragment: Upload.columns) FROM uploads JOIN environments e ON e.id = uploads.environment
            WHERE uploads.id = ANY(\(ids)) AND e.id = coalesce(\(environment), e.id) AND \(fragment: Upload.isUsable)
            """
        ) { try Upload($0) }
        return Dictionary(found.map { ($0.id, $0) }) { first, _ in first }
    }

    /// The newest that went straight to the bucket and that no job has named yet.
    mutating func unusedUploads(in environment: UUID) throws -> [Upload] {
        try rows(
            """
            SELECT \(fragment: Upload.columns) FROM uploads
            WHERE owner = (SELECT uid()) AND environment = \(environment) AND state = 'complete' AND is_direct AND expires_at > now()
            ORDER BY created_at DESC, id LIMIT 20
            """
        ) { try Upload($0) }
    }

    mutating func inputsAgain(of job: UUID) throws -> [InputAgain] {
        try rows(
            """
            SELECT i.name, i.size, (SELECT uploads.id FROM uploads JOIN environments e ON e.id = uploads.environment
                WHERE uploads.id = i.upload AND uploads.owner = (SELECT uid()) AND \(fragment: Upload.isUsable)) AS upload
            FROM job_inputs i WHERE i.job = \(job) ORDER BY i.n LIMIT 1000
            """
        ) { InputAgain(name: try $0.value("name"), size: try $0.value("size"), upload: try $0.value("upload")) }
    }
}

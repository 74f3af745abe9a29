import FoundationEssentials
import JSON
import JobManifest
import PostgreSQL

extension Connection {
    mutating func doomedJob(_ id: UUID) throws -> DoomedJob? {
        try row(
            """
            SELECT j.id, j.name, j.owner, j.delete_requested_by, j.region, j.bucket, j.prefix,
                \(fragment: Signer.ofJob) AS credential
            FROM jobs j WHERE j.id = \(id) AND j.delete_requested_at IS NOT NULL
            """
        ) { row in
            let prefix = try row.text("prefix")
            guard let keys = JobKeys(prefix: prefix, job: id.lower) else { throw UnreadableArguments(name: "job") }
            return DoomedJob(
                id: id, name: try row.text("name"), owner: try row.uuid("owner"),
                person: try row.uuidOptional("delete_requested_by"), credential: try row.uuid("credential"),
                region: try row.text("region"), bucket: try row.text("bucket"), keys: keys)
        }
    }

    /// From here on no further job may name the files that only this one uses. Answers the keys of those, and the keys of
    /// the files that other jobs still need. Locked first and asked about then: a submission that was quicker counts.
    mutating func takeUploads(of job: DoomedJob) throws -> (doomed: [String], kept: Set<String>) {
        let all = try rows(
            """
            SELECT id FROM uploads WHERE id IN (\(fragment: Self.uploads(of: job.id))) ORDER BY id FOR UPDATE
            """
        ) { try $0.uuid(0) }
        // What a list was to be picked from goes once that list does.
        for _ in 0..<2 { try execute(Self.doom(all, of: job.id)) }
        // A worker may have died between storing a file and writing down where.
        let files = try rows(
            "SELECT id, key, state, elements->'stored' AS stored FROM uploads WHERE id = ANY(\(all))"
        ) { row in
            let place = job.keys.upload(try row.uuid(0).lower)
            let keys = [try row.textOptional(1) ?? place] + (StoredList(row, "stored")?.keys ?? [])
            return (keys: keys, isDoomed: try row.text(2) == "removing")
        }
        let doomed = Set(files.filter(\.isDoomed).flatMap(\.keys))
        return (doomed.sorted(), Set(files.filter { !$0.isDoomed }.flatMap(\.keys)))
    }

    /// Those that nobody else needs.
    private static func doom(_ uploads: [UUID], of job: UUID) -> SQL {
        """
        UPDATE uploads SET state = 'removing' WHERE id = ANY(\(uploads)) AND state <> 'removing'
            AND NOT EXISTS (SELECT FROM job_inputs i WHERE i.upload = uploads.id AND i.job <> \(job))
            AND NOT EXISTS (SELECT FROM jobs j WHERE j.elements_upload = uploads.id AND j.id <> \(job))
            AND NOT EXISTS (SELECT FROM uploads u WHERE u.source = uploads.id AND u.state <> 'removing')
        """
    }

    /// What it names, and what its list of elements was to be picked from.
    private static func uploads(of job: UUID) -> SQL {
        """
        SELECT upload FROM job_inputs WHERE job = \(job) UNION SELECT elements_upload FROM jobs WHERE id = \(job)
        UNION SELECT u.source FROM jobs j JOIN uploads u ON u.id = j.elements_upload WHERE j.id = \(job)
        """
    }

    /// The rows, at last, and what stays: an entry in the trail, and the key under which it was submitted.
    mutating func forget(_ job: DoomedJob, objects: Int) throws {
        let uploads = try rows(
            """
            SELECT id FROM uploads WHERE state = 'removing' AND id IN (\(fragment: Self.uploads(of: job.id)))
            """
        ) { try $0.uuid(0) }
        _ = try pipeline([
            Audit.work(
                for: job.person, "job.deleted", on: "job", job.id,
                detail: [
                    "name": .string(job.name), "owner": .string(job.owner.lower), "bucket": .string(job.bucket),
                    "objects": JSONValue(objects),
                ]),
            "UPDATE idempotency_keys SET answer = '' WHERE job = \(job.id)",
            "DELETE FROM links WHERE job = \(job.id)",
            "DELETE FROM jobs WHERE id = \(job.id)",
            "DELETE FROM uploads WHERE id = ANY(\(uploads))",
        ])
    }
}

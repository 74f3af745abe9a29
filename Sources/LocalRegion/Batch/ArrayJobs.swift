internal import FoundationEssentials
internal import JSON
internal import PostgreSQL

/// Arrays: a parent that never runs, and its children, each with attempts of its own.
enum ArrayJobs {
    static let statuses = ["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED"]

    /// Ends the parents whose children have all ended; only that one, if given.
    static func settle(_ parent: UUID? = nil) -> SQL {
        """
        UPDATE jobs SET stopped_at = clock_timestamp(), status = CASE WHEN has_failed THEN 'FAILED' ELSE 'SUCCEEDED' END,
            status_reason = CASE WHEN has_failed THEN coalesce(stop_reason, CASE WHEN has_lost_its_need
                THEN 'Dependent Job failed' ELSE 'Array Child Job failed' END) END
        FROM (
            SELECT id, EXISTS (SELECT FROM jobs AS child WHERE child.parent = jobs.id AND child.status = 'FAILED')
                AS has_failed, \(fragment: JobDependencies.hasFailed) AS has_lost_its_need
            FROM jobs WHERE status IN ('SUBMITTED', 'PENDING') AND array_size IS NOT NULL
                AND (id = \(parent) OR \(parent)::uuid IS NULL) AND NOT EXISTS (
                    SELECT FROM jobs AS child WHERE child.parent = jobs.id
                        AND child.status IN ('SUBMITTED', 'PENDING', 'RUNNABLE', 'STARTING', 'RUNNING'))
        ) AS ended WHERE jobs.id = ended.id AND status IN ('SUBMITTED', 'PENDING')
        """
    }

    /// One row for each of the parents' children, with the spelled-out request left to the parent.
    static func insertChildren(of parent: UUID) -> SQL {
        """
        INSERT INTO jobs (parent, array_index, queue, vcpus, memory_mib, gpus, timeout_seconds, max_attempts, created_at,
            simulation, parameters, retry_rules, tags, overrides_length)
        SELECT id, index, queue, vcpus, memory_mib, gpus, timeout_seconds, max_attempts, created_at, simulation,
            NULL, NULL, NULL, NULL
        FROM jobs, generate_series(0, array_size - 1) AS index WHERE id = \(parent)
        """
    }

    /// How many children are in which status.
    static func counts(_ parents: [UUID], age: Int?) -> SQL {
        """
        SELECT parent, status, count(*) AS children FROM \(fragment: Shown.jobs(age)) WHERE parent = ANY(\(parents)) GROUP BY parent, status
        """
    }

    /// By parent, of what `counts` answered.
    static func summaries(_ result: QueryResult) throws -> [UUID: [String: Int]] {
        let counts = try result.rows { row in
            (parent: try row.uuid("parent"), status: try row.text("status"), children: try row.int("children"))
        }
        return Dictionary(grouping: counts, by: \.parent).mapValues { counts in
            Dictionary(uniqueKeysWithValues: counts.map { ($0.status, $0.children) })
        }
    }
}

/// What a job is of an array: nothing, its parent, or one of its children.
struct ArrayPlace {
    let size: Int?
    private let index: Int?

    init(_ row: borrowing Row) throws {
        size = try row.intOptional("array_size")
        index = try row.intOptional("array_index")
    }

    /// `counts` of the children by status, where they were asked for.
    func answer(_ counts: [String: Int]? = nil, at time: Int64? = nil) -> JSONValue? {
        if let index { return ["index": JSONValue(index)] }
        guard let size else { return nil }
        let summary = counts.map { counts in
            JSONValue.object(ArrayJobs.statuses.map { .init($0, JSONValue(counts[$0] ?? 0)) })
        }
        return .members([
            ("statusSummary", summary), ("size", JSONValue(size)),
            ("statusSummaryLastUpdatedAt", time.map { JSONValue($0) }),
        ])
    }
}

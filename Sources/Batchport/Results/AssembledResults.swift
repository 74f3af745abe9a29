import AWS
import FoundationEssentials
import JobManifest
import PostgreSQL
import Tasks

/// All of an array's results in one object in the bucket: JSON Lines, one entry per element, in the list's order.
struct AssembledResults {
    let parts: ResultParts
    /// Entries read at a time.
    private static let stretch = 16 * ResultChunk.size

    /// Takes what is new and writes the object anew where anything is; `final` when nothing can be added any more.
    static func bringUpToDate(_ parts: ResultParts, final: Bool, _ bench: inout Workbench) throws {
        let isNew = try parts.take(&bench)
        guard let job = try bench.database.arrayLine(parts.job) else { return }
        if !isNew, !final, job.hasObject { return }
        try AssembledResults(parts: parts).write(job.line, elements: job.elements, final: final, &bench)
    }

    private func write(_ job: JobLine, elements: Int, final: Bool, _ bench: inout Workbench) throws {
        let object = ObjectWriter(key: parts.keys.folder + "results.jsonl", contentType: "application/x-ndjson")
        for first in stride(from: 0, to: elements, by: Self.stretch) {
            try bench.stop.check()
            var at = first
            let end = min(elements, first + Self.stretch)
            while at < end {
                let items = try bench.database.results(of: job, elements: elements, first: at, count: end - at)
                guard let last = items.last else { throw IncompleteUpload() }
                for item in items { object.add(item.bytes + [0x0A]) }
                at = last.index + 1
            }
            try object.flush(bucket: parts.bucket, region: parts.region, by: parts.key, &bench)
        }
        let stored = try object.finish(bucket: parts.bucket, region: parts.region, by: parts.key, &bench)
        try bench.write(for: parts.task) { database in
            try database.execute(
                """
                UPDATE jobs SET results_key = \(stored.key), results_size = \(stored.size), results_at = now(),
                    results_final = \(final) WHERE id = \(parts.job)
                """)
        }
    }
}

extension Connection {
    mutating func arrayLine(_ job: UUID) throws -> (line: JobLine, elements: Int, hasObject: Bool)? {
        try row(
            """
            SELECT \(fragment: JobLine.columns.before), NULL::text AS owner_name, \(fragment: JobLine.columns.after),
                j.elements, j.results_key IS NOT NULL AS has_object
            FROM jobs j LEFT JOIN sweeps s ON false WHERE j.id = \(job) AND j.job_type = 'Array'
            """
        ) { (line: try JobLine($0), elements: try $0.int("elements"), hasObject: try $0.bool("has_object")) }
    }
}

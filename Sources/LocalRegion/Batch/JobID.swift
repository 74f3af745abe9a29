internal import FoundationEssentials
internal import PostgreSQL

/// A job as callers name it: a UUID, or `UUID:INDEX` for an array's child.
struct JobID: Hashable {
    /// Of the job, or of the array.
    let job: UUID
    /// From 0.
    let index: Int?

    init(_ job: UUID, index: Int? = nil) {
        self.job = job
        self.index = index
    }

    init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2, let job = UUID(uuidString: String(parts[0])) else { return nil }
        self.job = job
        if parts.count == 1 {
            index = nil
        } else {
            guard let number = Int(parts[1]), String(number) == parts[1], (0...9999).contains(number) else {
                return nil
            }
            index = number
        }
    }

    /// Of a row with `id`, `parent` and `array_index`.
    init(_ row: borrowing Row) throws {
        index = try row.intOptional("array_index")
        job = try row.uuidOptional("parent") ?? row.uuid("id")
    }

    var text: String {
        let id = job.uuidString.lowercased()
        return index.map { "\(id):\($0)" } ?? id
    }

    /// Which row of `jobs` it is.
    var isRow: SQL {
        if let index { return "jobs.parent = \(job) AND jobs.array_index = \(index)::int" }
        return "jobs.id = \(job) AND jobs.parent IS NULL"
    }

    /// The numbers of those that exist, as a subquery.
    static func numbers(_ ids: [JobID]) -> SQL {
        let (children, others) = (ids.filter { $0.index != nil }, ids.filter { $0.index == nil })
        return """
            SELECT number FROM jobs WHERE id = ANY(\(others.map(\.job))) AND parent IS NULL
            UNION ALL
            SELECT number FROM jobs JOIN unnest(\(children.map(\.job)), \(children.map { $0.index ?? 0 }))
                AS wanted (parent, array_index) USING (parent, array_index)
            """
    }
}

internal import FoundationEssentials
internal import JSON
internal import PostgreSQL

/// `dependsOn` of a request: other jobs, or within an array each child its predecessor (SEQUENTIAL), or each child the
/// child of the same index of another array (N_TO_N).
struct JobDependencies {
    private enum Need {
        case job(JobID)
        case sequential
        case sameIndex(UUID)
    }

    private let needs: [Need]
    /// As on the wire.
    let answer: JSONValue

    init(_ request: RequestMembers, isArray: Bool) throws(LocalFault) {
        let items = try request.objects("dependsOn") ?? []
        guard items.count <= 20 else { throw .batch("A job can depend upon a maximum of 20 jobs") }
        var needs: [Need] = []
        for item in items { needs.append(try Self.need(item, isArray: isArray)) }
        self.needs = needs
        answer = .array(items.map(\.value))
    }

    private static func need(_ item: RequestMembers, isArray: Bool) throws(LocalFault) -> Need {
        let text = try item.string("jobId") ?? ""
        let id = JobID(text)
        if !text.isEmpty, id == nil { throw .batch("Dependent job \(text.prefix(64)) not found") }
        switch (try item.string("type"), id) {
        case ("SEQUENTIAL", nil) where isArray: return .sequential
        case ("N_TO_N", let id?) where isArray && id.index == nil: return .sameIndex(id.job)
        case (nil, let id?): return .job(id)
        case (nil, nil): throw .batch("dependsOn must have a jobId")
        case ("SEQUENTIAL", _), ("N_TO_N", _):
            throw .batch(
                "dependsOn type must be SEQUENTIAL without a jobId, or N_TO_N with the jobId of an array, of array jobs"
            )
        case (let type?, _): throw .batch("dependsOn type \(type.prefix(64)) is not one of N_TO_N, SEQUENTIAL")
        }
    }

    /// All must exist, and arrays that go by index must be of one size.
    func check(size: Int?, _ database: inout Connection) throws {
        for need in needs {
            switch need {
            case .sequential: break
            case .job(let id):
                let found = try database.row("SELECT 1 FROM jobs WHERE \(fragment: id.isRow)") { row in try row.int(0) }
                guard found != nil else { throw LocalFault.batch("Dependent job \(id.text) not found") }
            case .sameIndex(let id):
                let found = try database.row("SELECT array_size FROM jobs WHERE id = \(id) AND parent IS NULL") { row in
                    try row.intOptional(0)
                }
                guard let found, found == size else {
                    throw LocalFault.batch("N_TO_N dependencies must be between array jobs of the same size")
                }
            }
        }
    }

    /// To be sent after the job and its children.
    func insertions(_ job: UUID) -> [SQL] {
        needs.map { need in
            switch need {
            case .job(let id):
                """
                INSERT INTO job_dependencies (job, needs) SELECT \(job), id FROM jobs WHERE \(fragment: id.isRow)
                ON CONFLICT DO NOTHING
                """
            case .sequential:
                """
                INSERT INTO job_dependencies (job, needs)
                SELECT child.id, before.id FROM jobs AS child JOIN jobs AS before
                    ON before.parent = child.parent AND before.array_index = child.array_index - 1
                WHERE child.parent = \(job) ON CONFLICT DO NOTHING
                """
            case .sameIndex(let other):
                """
                INSERT INTO job_dependencies (job, needs)
                SELECT child.id, other.id FROM jobs AS child JOIN jobs AS other
                    ON other.parent = \(other) AND other.array_index = child.array_index
                WHERE child.parent = \(job) ON CONFLICT DO NOTHING
                """
            }
        }
    }

    /// Of a row of `jobs`: something that it needs has not succeeded yet.
    static let isWaiting: SQL = """
        EXISTS (SELECT FROM job_dependencies AS d JOIN jobs AS needed ON needed.id = d.needs
            WHERE d.job IN (jobs.id, jobs.parent) AND needed.status <> 'SUCCEEDED')
        """
    static let hasFailed: SQL = """
        EXISTS (SELECT FROM job_dependencies AS d JOIN jobs AS needed ON needed.id = d.needs
            WHERE d.job IN (jobs.id, jobs.parent) AND needed.status = 'FAILED')
        """
}

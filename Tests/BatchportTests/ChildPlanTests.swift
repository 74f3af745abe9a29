import FoundationEssentials
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// What the page of a large array's children asks of the database, as the web does: never all jobs, and its own job once.
struct ChildPlanTests {
    private let fixture: WorkerFixture

    init() throws { fixture = try WorkerFixture() }

    /// Ten thousand of every status, among so many jobs.
    private func arrayAmongMany(_ jobs: Int = 3000) throws -> UUID {
        try fixture.crowd(jobs)
        let array = try fixture.array([("RUNNING", 10_000)])
        var owner = try fixture.database.connect(.migrate)
        try owner.execute(
            """
            UPDATE children SET started_at = now() - interval '1 minute', stopped_at = now(), exit_code = 1,
                status = (ARRAY['Failed', 'Running', 'Starting', 'Runnable', 'Pending', 'Submitted', NULL, 'Succeeded',
                    'Succeeded', 'Succeeded'])[1 + k % 10] WHERE job = \(array)
            """)
        for table in ["jobs", "children"] { try owner.execute("ANALYZE \(identifier: table)") }
        return array
    }

    private func statements(_ array: UUID) -> [SQL] {
        var filters = [ChildFilter(), ChildFilter(failedFirst: true)]
        filters.append(ChildFilter(cursor: ChildCursor(rank: 0, k: 5000)))
        filters.append(ChildFilter(failedFirst: true, cursor: ChildCursor(rank: 3, k: 5000)))
        filters.append(ChildFilter(statuses: ["Failed"], failedFirst: true))
        return filters.map { $0.query(array) } + ChildrenMap.queries(array)
    }

    @Test func askForTheJobOnce() throws {
        let array = try arrayAmongMany()
        var web = try fixture.reader()
        for statement in statements(array) {
            let explained: SQL = "EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) \(fragment: statement)"
            let plan = try web.pipeline([explained], readingOf: array)[0].rows { try $0.text(0) }
            let text = plan.joined(separator: "\n")
            #expect(!text.contains("Seq Scan on jobs"), "\(text)")
            let ofJobs = plan.filter { $0.contains(" on jobs") }
            #expect(!ofJobs.isEmpty, "\(text)")
            #expect(ofJobs.allSatisfy { $0.contains("never executed") || $0.contains("loops=1)") }, "\(text)")
        }
        // Each rank's stretch is no longer than the page; no child is lost.
        let page: SQL = """
            EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) \(fragment: ChildFilter(failedFirst: true).query(array))
            """
        let plan = try web.pipeline([page], readingOf: array)[0].rows { try $0.text(0) }
        let rows = plan.filter { $0.contains("Index Scan using children_") }.compactMap { line in
            line.firstMatch(of: /actual rows=([0-9]+)/).flatMap { Int($0.1) }
        }
        #expect(
            rows.sorted() == [0] + Array(repeating: 51, count: 8), "\(plan.joined(separator: "\n"))")
    }

    /// Nothing was said beforehand: each child's job is looked up by its key; never are all jobs read.
    @Test func withoutAWordNoPlanReadsAllJobs() throws {
        let array = try arrayAmongMany()
        var web = try fixture.reader()
        let plan = try web.rows(
            "EXPLAIN (COSTS off) SELECT string_agg(status, '') FROM children WHERE job = \(array)"
        ) { try $0.text(0) }
        let text = plan.joined(separator: "\n")
        #expect(text.contains("Index Scan using jobs_pkey on jobs"), "\(text)")
        #expect(!text.contains("Seq Scan on jobs") && !text.contains("hashed"), "\(text)")
    }

    @Test func pagesByRankAreWholeAndInOrder() throws {
        let array = try arrayAmongMany(1)
        var web = try fixture.reader()
        var (filter, seen) = (ChildFilter(failedFirst: true, limit: 700), [(rank: Int, k: Int)]())
        repeat {
            let answer = try web.pipeline([filter.query(array)], readingOf: array)[0]
            seen += try answer.rows { (rank: try $0.int("rank"), k: try $0.int("k")) }.prefix(filter.limit)
            filter.cursor = try ChildPageOfList(answer, limit: filter.limit, failedFirst: true).next
        } while filter.cursor != nil
        #expect(seen.count == 10_000 && Set(seen.map(\.k)).count == 10_000)
        #expect(zip(seen, seen.dropFirst()).allSatisfy { ($0.rank, $0.k) < ($1.rank, $1.k) })
        let after = ChildFilter(statuses: ["Failed"], failedFirst: true, cursor: ChildCursor(rank: 5, k: 0))
        #expect(try web.pipeline([after.query(array)], readingOf: array)[0].count == 0)
    }

    /// A setting that anybody may make is no key.
    @Test func namingAJobShowsNobodyMore() throws {
        let (mine, other) = (try fixture.array([("RUNNING", 3)]), try fixture.array([("RUNNING", 2)]))
        let stranger = UUID()
        try fixture.change(
            """
            INSERT INTO people (id, email, name, role, password)
            VALUES (\(stranger), 'eve@example.org', 'Eve', 'member', '')
            """)
        try fixture.change("UPDATE jobs SET owner = \(stranger) WHERE id = \(other)")
        var web = try fixture.reader()
        func seen(_ named: UUID) throws -> [Int] {
            try web.pipeline(["SELECT job, k FROM children"], readingOf: named)[0].rows { row in
                #expect(try row.uuid(0) == mine)
                return try row.int(1)
            }.sorted()
        }
        for named in [mine, other, UUID()] { #expect(try seen(named) == [0, 1, 2]) }
        web.identity = "forged"
        for named in [mine, other] { #expect(try seen(named) == []) }
    }
}

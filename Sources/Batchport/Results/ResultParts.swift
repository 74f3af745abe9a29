import AWS
import FoundationEssentials
import JobManifest
import PostgreSQL
import Tasks

/// What an array's children have uploaded and we have not taken yet. It was written inside users' containers: sizes are
/// limited, and a line counts only for an element of its child's span.
struct ResultParts {
    let job: UUID
    let keys: JobKeys
    let bucket: String
    let region: String
    let key: AWSCredentials
    let task: ClaimedTask

    private struct Part {
        let child: Int
        let attempt: Int
        let number: Int
        let key: String
        let size: Int64
    }

    /// How far a child's results are taken.
    fileprivate struct Progress {
        let range: Range<Int>
        let attempt: Int
        let parts: Int
    }

    private static let maxPartBytes: Int64 = 96 << 20
    /// Read together and taken in one transaction.
    private static let batch = (bytes: 4 << 20 as Int64, parts: 256)

    /// Takes all that is new. Answers whether there was anything.
    func take(_ bench: inout Workbench) throws -> Bool {
        let progress = try bench.database.progress(of: job)
        let new = try list(&bench).filter { part in
            guard let known = progress[part.child] else { return false }
            return (part.attempt, part.number) >= (known.attempt, known.parts) && part.size <= Self.maxPartBytes
        }
        .sorted { ($0.child, $0.attempt, $0.number) < ($1.child, $1.attempt, $1.number) }
        var room =
            try bench.database.workerLimit("results.bytes", else: 256 << 20) - bench.database.resultBytes(of: job)
        let objects = ManyObjects(bench)
        for batch in Self.batches(new) {
            try bench.stop.check()
            try store(try lines(of: batch, objects), progress, &room, &bench)
        }
        return !new.isEmpty
    }

    private static func batches(_ parts: [Part]) -> [[Part]] {
        var batches: [[Part]] = []
        var bytes: Int64 = 0
        for part in parts {
            if batches.isEmpty || bytes >= batch.bytes || batches[batches.count - 1].count >= batch.parts {
                batches.append([])
                bytes = 0
            }
            batches[batches.count - 1].append(part)
            bytes += part.size
        }
        return batches
    }

    private func list(_ bench: inout Workbench) throws -> [Part] {
        var found: [Part] = []
        var token: String?
        repeat {
            try bench.stop.check()
            let page = try bench.aws.list(
                bucket: bucket, prefix: keys.results, continuation: token, by: key, in: region)
            found += page.objects.compactMap { object in part(object.key, object.size) }
            token = page.continuation
        } while token != nil
        return found
    }

    /// `{k}/{n}/{part}.jsonl` below the folder of results.
    private func part(_ key: String, _ size: Int64) -> Part? {
        guard key.hasPrefix(keys.results), key.hasSuffix(".jsonl") else { return nil }
        let numbers = key.dropFirst(keys.results.count).dropLast(6).split(separator: "/").compactMap { Int($0) }
        guard numbers.count == 3,
            keys.results(of: numbers[0], attempt: numbers[1], part: numbers[2]) == key
        else { return nil }
        return Part(child: numbers[0], attempt: numbers[1], number: numbers[2], key: key, size: size)
    }

    /// None of a part that is gone.
    private func lines(of parts: [Part], _ objects: ManyObjects) throws -> [(Part, [ResultLine])] {
        let wanted = parts.map { ManyObjects.Wanted(key: $0.key, maxBytes: Int($0.size)) }
        let found = try objects.get(wanted, bucket: bucket, by: key, in: region)
        return zip(parts, found).map { part, bytes in
            (part, (bytes ?? []).split(separator: 0x0A).compactMap { ResultLine(bytes: Array($0)) })
        }
    }

    private func store(
        _ batch: [(Part, [ResultLine])], _ progress: [Int: Progress], _ room: inout Int, _ bench: inout Workbench
    ) throws {
        let left = room
        room = try bench.write(for: task) { database in
            var left = left
            let touched = Set(batch.flatMap { $0.1.map { $0.index / ResultChunk.size } })
            var chunks = try database.lockedChunks(of: job, touched)
            for (part, lines) in batch {
                guard let range = progress[part.child]?.range else { continue }
                for line in lines where range.contains(line.index) {
                    let entry = Self.entry(line, part.attempt, &left)
                    chunks[line.index / ResultChunk.size, default: ResultChunk(line.index / ResultChunk.size)]
                        .put(entry, at: line.index)
                }
            }
            try database.store(chunks.values.sorted { $0.number < $1.number }, of: job)
            try database.recordProgress(
                of: job, batch.map { ($0.0.child, $0.0.attempt, $0.0.number + 1) })
            return left
        }
    }

    private static func entry(_ line: ResultLine, _ attempt: Int, _ room: inout Int) -> ResultEntry {
        let entry = ResultEntry(attempt: attempt, content: line.content)
        room -= entry.text.count
        guard room < 0 else { return entry }
        return ResultEntry(
            attempt: attempt, content: .missing(.tooLarge, message: "The array's results are more than are kept."))
    }
}

extension Connection {
    fileprivate mutating func progress(of job: UUID) throws -> [Int: ResultParts.Progress] {
        let found = try rows(
            "SELECT k, first_element, elements, results_attempt, results_parts FROM children WHERE job = \(job)"
        ) { row -> (Int, ResultParts.Progress) in
            let first = try row.int(1)
            return (
                try row.int(0),
                .init(range: first..<first + (try row.int(2)), attempt: try row.int(3), parts: try row.int(4))
            )
        }
        return Dictionary(found) { first, _ in first }
    }

    fileprivate mutating func resultBytes(of job: UUID) throws -> Int {
        try row("SELECT coalesce(sum(octet_length(lines)), 0)::bigint FROM result_chunks WHERE job = \(job)") {
            try $0.int(0)
        } ?? 0
    }

    fileprivate mutating func lockedChunks(of job: UUID, _ numbers: Set<Int>) throws -> [Int: ResultChunk] {
        let found = try rows(
            "SELECT chunk, lines FROM result_chunks WHERE job = \(job) AND chunk = ANY(\(numbers.sorted())) FOR UPDATE"
        ) { ResultChunk(try $0.int(0), Array(try $0.text(1).utf8)) }
        return Dictionary(found.map { ($0.number, $0) }) { first, _ in first }
    }

    fileprivate mutating func store(_ chunks: [ResultChunk], of job: UUID) throws {
        for start in stride(from: 0, to: chunks.count, by: 100) {
            let some = chunks[start...].prefix(100)
            try execute(
                """
                INSERT INTO result_chunks (job, chunk, lines)
                SELECT \(job), given.chunk, given.lines
                FROM unnest(\(some.map(\.number)), \(some.map(\.text))) AS given (chunk, lines)
                ON CONFLICT (job, chunk) DO UPDATE SET lines = excluded.lines
                """)
        }
    }

    fileprivate mutating func recordProgress(
        of job: UUID, _ parts: [(child: Int, attempt: Int, count: Int)]
    ) throws {
        let last = Dictionary(parts.map { ($0.child, $0) }) { _, later in later }.values
        try execute(
            """
            UPDATE children c SET results_attempt = p.attempt, results_parts = p.parts
            FROM unnest(\(last.map(\.child)), \(last.map(\.attempt)), \(last.map(\.count))) AS p (k, attempt, parts)
            WHERE c.job = \(job) AND c.k = p.k
            """)
    }
}

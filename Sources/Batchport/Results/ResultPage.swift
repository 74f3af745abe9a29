import FoundationEssentials
import JobManifest
import PostgreSQL

extension Connection {
    /// Entries `first` to `first + count - 1` in the list's order, in one round trip; fewer where they are long.
    mutating func results(of job: JobLine, elements: Int, first: Int, count: Int) throws -> [ResultItem] {
        let end = min(elements, first + count)
        guard first < end else { return [] }
        let answers = try pipeline(
            [
                """
                SELECT chunk, lines FROM result_chunks WHERE job = \(job.id)
                    AND chunk BETWEEN \(first / ResultChunk.size) AND \((end - 1) / ResultChunk.size) ORDER BY chunk
                """,
                """
                SELECT \(fragment: ArrayChild.columns) FROM children c
                WHERE c.job = \(job.id) AND c.first_element < \(end) AND c.first_element + c.elements > \(first) ORDER BY c.k
                """,
            ], readingOf: job.id)
        let chunks = try answers[0].rows { ResultChunk(try $0.int(0), Array(try $0.text(1).utf8)) }
        return ResultItems(
            job: job, children: try answers[1].rows { try ArrayChild($0) }, chunks: chunks
        ).items(first..<end)
    }
}

/// Chunks and children of a stretch of the list, put together.
struct ResultItems {
    let job: JobLine
    let children: [ArrayChild]
    let chunks: [ResultChunk]

    /// Of a page's values; the entry that goes beyond is its last.
    static let pageBytes = 8 << 20

    func items(_ range: Range<Int>) -> [ResultItem] {
        var items: [ResultItem] = []
        var bytes = 0
        let byNumber = Dictionary(chunks.map { ($0.number, $0) }) { first, _ in first }
        for child in children {
            let missing = child.missing(in: job)
            for index in range.clamped(to: child.firstElement..<child.firstElement + child.elements) {
                let entry = byNumber[index / ResultChunk.size]?.entry(index)
                items.append(ResultItem(index: index, child: child.k, entry: entry, missing: missing))
                if case .value(let json)? = entry?.content { bytes += json.count }
                if bytes > Self.pageBytes { return items }
            }
        }
        return items
    }
}

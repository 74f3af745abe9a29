import FoundationEssentials
import JobManifest
import PostgreSQL

extension Connection {
    /// Entries `first` to `first + count - 1` in the list's order, in one round trip; fewer where they are long.
    mutating func results(of job: JobLine, elements: Int, first: Int, count: Int) throws -> [ResultItem] {
        let end = min(elements, first + count)
        guard first < end else { return [] }
        let wanted: SQL = "chunk * \(ResultChunk.size) + n - 1 BETWEEN \(first) AND \(end - 1)"
        let answers = try pipeline(
            [
                // Of a long chunk no more than the page takes: the rest stays with the server.
                """
                SELECT chunk, CASE WHEN octet_length(lines) <= \(ResultItems.pageBytes) THEN lines ELSE (
                    SELECT string_agg(CASE WHEN \(fragment: wanted) AND before <= \(ResultItems.pageBytes) THEN line
                        ELSE '' END, E'\\n' ORDER BY n)
                    FROM (SELECT n, line, coalesce(sum(octet_length(line)) FILTER (WHERE \(fragment: wanted)) OVER (
                            ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
                        FROM unnest(string_to_array(lines, E'\\n')) WITH ORDINALITY AS u (line, n)) AS l)
                    END FROM result_chunks WHERE job = \(job.id)
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

    /// Of a page's entries as they are stored; the one that goes beyond is its last.
    static let pageBytes = 8 << 20

    func items(_ range: Range<Int>) -> [ResultItem] {
        var items: [ResultItem] = []
        var bytes = 0
        let byNumber = Dictionary(chunks.map { ($0.number, $0) }) { first, _ in first }
        for child in children {
            let missing = child.missing(in: job)
            for index in range.clamped(to: child.firstElement..<child.firstElement + child.elements) {
                let chunk = byNumber[index / ResultChunk.size]
                items.append(ResultItem(index: index, child: child.k, entry: chunk?.entry(index), missing: missing))
                bytes += chunk?.length(of: index) ?? 0
                if bytes > Self.pageBytes { return items }
            }
        }
        return items
    }
}

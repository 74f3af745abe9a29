import FoundationEssentials
import HTML
import PostgreSQL

/// All of an array's children at a glance, in numbers that do not grow with them: a letter each, their ends by kind, and
/// how long they ran.
struct ChildrenMap {
    /// One letter a child, by `letters`.
    let states: [UInt8]
    let failures: ChildFailures
    let durations: Durations?

    struct Durations {
        let count: Int
        /// Seconds.
        let median: Double
        let longest: Double
        /// Twenty of equal width, from 0 to the longest.
        let buckets: [Int]
    }

    static let letters = [
        "Submitted": "s", "Pending": "p", "Runnable": "w", "Starting": "t", "Running": "r", "Succeeded": "d",
        "Failed": "f",
    ]

    static func queries(_ job: UUID) -> [SQL] {
        [
            """
            SELECT coalesce(string_agg(CASE WHEN lost THEN 'l' ELSE coalesce(translate(
                CASE status WHEN 'Runnable' THEN 'w' WHEN 'Starting' THEN 't' WHEN 'Succeeded' THEN 'd'
                    ELSE lower(left(status, 1)) END, '', ''), '-') END, '' ORDER BY k), '') FROM children WHERE job = \(job)
            """,
            ChildFailures.query(job),
            """
            WITH ran AS MATERIALIZED (
                SELECT extract(epoch FROM stopped_at - started_at)::float8 AS seconds FROM children
                WHERE job = \(job) AND status = 'Succeeded' AND stopped_at >= started_at),
            whole AS (SELECT count(*) AS n, max(seconds) AS longest,
                percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS median FROM ran)
            SELECT n, longest, median, width_bucket(seconds, 0, greatest(longest, 0.001) * 1.0001, 20) AS bucket,
                count(*) AS children
            FROM whole, ran GROUP BY 1, 2, 3, 4 ORDER BY 4
            """,
        ]
    }

    init(_ answers: ArraySlice<QueryResult>) throws {
        let answers = Array(answers)
        states = try answers[0].row { Array(try $0.text(0).utf8) } ?? []
        failures = try ChildFailures(answers[1])
        let rows = try answers[2].rows { row in
            (
                n: try row.int("n"), longest: try row.value("longest", as: Double.self),
                median: try row.value("median", as: Double.self), bucket: try row.int("bucket"),
                children: try row.int("children")
            )
        }
        durations = rows.first.map { first in
            var buckets = Array(repeating: 0, count: 20)
            for row in rows where (1...20).contains(row.bucket) { buckets[row.bucket - 1] = row.children }
            return Durations(count: first.n, median: first.median, longest: first.longest, buckets: buckets)
        }
    }
}

/// The map itself: 100 children a row, drawn as runs of strokes, so that it has as many bytes as there are changes.
struct HeatMap {
    let states: [UInt8]
    let base: String

    /// Links of their own, for the first failed ones: the table has them all.
    private static let mostLinks = 300

    var content: HTML {
        let rows = max(1, (states.count + 99) / 100)
        return """
            <svg class="heat" viewBox="0 0 1000 \(max(rows, 10) * 10)" role="grid" aria-labelledby="map" \
            aria-describedby="map-how" aria-rowcount="\(rows)" aria-colcount="100" data-heat>
            \(runs("d", "succeeded", inset: 3))\(runs("r", "running", inset: 5))\(runs("t", "starting", inset: 4))\
            \(runs("w", "runnable", inset: 2))\(runs("sp-l", "submitted", inset: 3))\(failed)</svg>
            """
    }

    /// Neighbours of one row in one stroke.
    private func runs(_ letters: String, _ name: String, inset: Int) -> HTML? {
        let wanted = Set(letters.utf8)
        var path = ""
        var at = 0
        while at < states.count {
            guard wanted.contains(states[at]) else {
                at += 1
                continue
            }
            let start = at
            while at < states.count, wanted.contains(states[at]), at / 100 == start / 100 { at += 1 }
            let (x, y) = (start % 100 * 10 + inset, start / 100 * 10 + 5)
            path += "M\(x) \(y)h\(max(1, (at - start) * 10 - 2 * inset))"
        }
        return path.isEmpty
            ? nil : "<path aria-hidden=\"true\" class=\"\(name)\" data-s=\"\(name)\" d=\"\(path)\"/>"
    }

    private var failed: HTML {
        let all = states.indices.filter { states[$0] == UInt8(ascii: "f") }
        let linked = all.prefix(Self.mostLinks)
        let byRow = Dictionary(grouping: linked) { $0 / 100 }.sorted { $0.key < $1.key }
        let rows = byRow.map { row, cells -> HTML in
            let parts = cells.map { cell($0, isFirst: $0 == linked.first) }
            return "<g role=\"row\" aria-rowindex=\"\(row + 1)\">\(parts)</g>"
        }
        let rest = all.dropFirst(Self.mostLinks).map { "M\($0 % 100 * 10) \($0 / 100 * 10)h9v9h-9z" }.joined()
        let more: HTML? =
            rest.isEmpty ? nil : "<path aria-hidden=\"true\" class=\"failed\" data-s=\"failed\" d=\"\(rest)\"/>"
        return "\(more)\(rows)"
    }

    private func cell(_ k: Int, isFirst: Bool) -> HTML {
        let tab = isFirst ? "0" : "-1"
        return """
            <g role="gridcell" aria-colindex="\(k % 100 + 1)"><a href="\(base)/children/\(k)" tabindex="\(tab)" \
            aria-label="Child \(k), failed"><rect x="\(k % 100 * 10).5" y="\(k / 100 * 10).5" width="9" height="9"/></a></g>
            """
    }
}

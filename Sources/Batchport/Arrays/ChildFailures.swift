import FoundationEssentials
import HTML
import JSON
import PostgreSQL

/// An array's failed children by what they died of, the most frequent first.
struct ChildFailures {
    struct Group: Equatable {
        let cause: Verdict.Cause
        /// Where it is the cause.
        let exitCode: Int?
        var count: Int
        /// The first of them, and what the runner said of it, or else AWS.
        var child: Int
        var reason: String

        var word: String { cause.word(exitCode: exitCode) }
    }

    let groups: [Group]

    /// AWS's words, each with how often it said them, and the runner's on the first of each.
    static func query(_ job: UUID) -> SQL {
        """
        SELECT g.*, (SELECT \(fragment: ArrayChild.said) FROM children c WHERE c.job = \(job) AND c.k = g.k) AS said FROM (
        SELECT coalesce(c.reason, '') AS reason, coalesce(c.status_reason, '') AS status_reason, c.exit_code,
            c.stop_requested_at IS NOT NULL OR j.stop_requested_at IS NOT NULL AS was_stopped, count(*) AS n, min(c.k) AS k
        FROM children c JOIN jobs j ON j.id = c.job WHERE c.job = \(job) AND c.status = 'Failed' GROUP BY 1, 2, 3, 4) AS g
        """
    }

    init(_ answer: QueryResult) throws {
        let said = try answer.rows { row in
            let reasons = [try row.text("reason"), try row.text("status_reason")].filter { !$0.isEmpty }
            let exitCode = try row.intOptional("exit_code")
            let cause = Verdict.Cause.of(reasons, exitCode, wasStopped: try row.bool("was_stopped"))
            return Group(
                cause: cause, exitCode: cause == .exitCode ? exitCode : nil, count: try row.int("n"),
                child: try row.int("k"),
                reason: (cause == .exitCode || cause == .other ? try row.textOptional("said") : nil) ?? reasons.first
                    ?? "")
        }
        groups = Self.merged(said)
    }

    private static func merged(_ said: [Group]) -> [Group] {
        var found: [Group] = []
        for one in said.sorted(by: { $0.child < $1.child }) {
            if let n = found.firstIndex(where: { $0.cause == one.cause && $0.exitCode == one.exitCode }) {
                found[n].count += one.count
            } else {
                found.append(one)
            }
        }
        return found.sorted { ($1.count, $0.child) < ($0.count, $1.child) }
    }

    var json: JSONValue {
        .array(
            groups.map { group in
                [
                    "cause": .string(group.cause.rawValue), "word": .string(group.word),
                    "exitCode": JSONValue(group.exitCode), "count": JSONValue(group.count),
                    "child": JSONValue(group.child), "reason": .string(group.reason),
                ]
            })
    }

    /// Nil where none has failed. `base` is the array's own address.
    func table(_ base: String) -> HTML? {
        guard !groups.isEmpty else { return nil }
        let all = max(1, groups.reduce(0) { $0 + $1.count })
        let rows = groups.map { group -> HTML in
            """
            <tr role="row"><th role="rowheader" scope="row" class="c-why">\(group.word)</th>
            <td role="cell" class="num c-age"><b>\(Words.count(group.count))</b></td>
            <td role="cell" class="share c-none"><svg class="bar thin" aria-hidden="true"><rect class="bar-bg" width="100%" \
            height="8"/><rect class="seg" data-s="failed" width="\(group.count * 100 / all)%" height="8"/></svg></td>
            <td role="cell" data-k="reason">\(group.reason.isEmpty ? "gives no reason" : group.reason)</td>
            <td role="cell" data-k="for example"><a href="\(base)/children/\(group.child)">child \(group.child)</a></td></tr>
            """
        }
        return """
            <div class="scroll" role="group" aria-label="Failed children by verdict" tabindex="0"><table class="stack" role="table">
            <caption class="vh">Failed children by verdict</caption><thead role="rowgroup"><tr role="row">
            <th role="columnheader" scope="col">Verdict</th><th role="columnheader" scope="col" class="num">Children</th>
            <th role="columnheader" scope="col">Share</th><th role="columnheader" scope="col">Reason</th>
            <th role="columnheader" scope="col">For example</th></tr></thead><tbody role="rowgroup">\(rows)</tbody></table></div>
            """
    }
}

/// Only those elements again that came to nothing.
struct MissingAgain {
    let job: Job
    let assets: Assets

    /// Nil where every element has a value, or it is not known yet.
    var content: HTML? {
        guard let missing = job.array?.missing, missing > 0 else { return nil }
        let count = missing == 1 ? "1 element has" : "\(Words.count(missing)) elements have"
        return """
            <p>\(count) no value.</p><p><a class="btn" href="/jobs/new?from=\(job.idText)&amp;elementsOnly=missing">\
            \(assets.icon("retry"))Run only \(missing == 1 ? "this" : "these") again</a></p>
            """
    }
}

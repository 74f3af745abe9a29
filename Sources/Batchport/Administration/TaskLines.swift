import JSON
package import PostgreSQL

/// The workers' queue, task by task, for a terminal.
extension Administration {
    package struct TaskFilter: Sendable {
        package enum State: String, Sendable, CaseIterable {
            case available, retryable, running, done, discarded
        }

        /// Empty: all but those that are done.
        package var states: [State] = []
        package var kind: String?
        package var limit = 100

        package init() {}
    }

    /// The oldest first, a heading in front; the last line says whether there are more. What an error quotes is a
    /// stranger's text.
    package static func tasks(_ filter: TaskFilter, in database: inout Connection) throws -> [String] {
        let unfinished = TaskFilter.State.allCases.filter { $0 != .done }
        let states = (filter.states.isEmpty ? unfinished : filter.states).map(\.rawValue)
        let found = try database.rows(
            """
            SELECT id, kind, state, attempt, max_attempts, ceil(extract(epoch FROM run_at - now()))::bigint,
                floor(extract(epoch FROM now() - created_at))::bigint, coalesce(last_error, '')
            FROM tasks WHERE state = ANY(\(states)) AND (\(filter.kind)::text IS NULL OR kind = \(filter.kind))
            ORDER BY id LIMIT \(filter.limit + 1)
            """
        ) { row in
            [
                String(try row.int(0)), try row.text(1), try row.text(2), "\(try row.int(3))/\(try row.int(4))",
                due(try row.text(2), try row.int(5)), span(try row.int(6)),
                String(
                    TerminalText.of(try row.text(7)).split(whereSeparator: \.isNewline).joined(separator: " ").prefix(
                        300)),
            ]
        }
        let heading = ["NUMBER", "KIND", "STATE", "ATTEMPTS", "DUE IN", "AGE", "LAST ERROR"]
        let isCut = found.count > filter.limit
        let end =
            found.isEmpty
            ? ["There is no such task."] : isCut ? ["There are more than these \(Words.count(filter.limit))."] : []
        return (found.isEmpty ? [] : aligned([heading] + found.prefix(filter.limit))) + end
    }

    private static func due(_ state: String, _ seconds: Int) -> String {
        guard state == "available" || state == "retryable" else { return "-" }
        return seconds > 0 ? span(seconds) : "now"
    }

    private static func span(_ seconds: Int) -> String { Words.duration(milliseconds: Int64(seconds) * 1000) }

    /// Two blanks between columns; nothing behind the last.
    private static func aligned(_ rows: [[String]]) -> [String] {
        let columns = rows.first?.count ?? 0
        let widths = (0..<columns).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count + 2) }
            let line = cells.dropLast().joined() + (row.last ?? "")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }
}

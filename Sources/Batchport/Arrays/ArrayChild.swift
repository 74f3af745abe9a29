import FoundationEssentials
import JSON
import PostgreSQL

/// One child job of an array: it has one contiguous span of the list.
struct ArrayChild {
    /// Stands where a row hangs on the job itself and not on a child.
    static let none = -1

    let k: Int
    let firstElement: Int
    let elements: Int
    let status: String?
    let statusSince: Int64?
    let statusReason: String?
    let exitCode: Int?
    let startedAt: Int64?
    let stoppedAt: Int64?
    let isLost: Bool
    let attempts: Int
    /// The container's, of the last attempt.
    let reason: String?
    let stopRequestedAt: Int64?
    let stopConfirmedAt: Int64?
    let capture: String

    static let columns: SQL = """
        c.k, c.first_element, c.elements, c.status, c.status_since, c.status_reason, c.exit_code, c.started_at,
        c.stopped_at, c.lost, c.attempts, c.reason, c.stop_requested_at, c.stop_confirmed_at, c.capture
        """

    init(_ row: borrowing Row) throws {
        k = try row.int(0)
        firstElement = try row.int(1)
        elements = try row.int(2)
        status = try row.textOptional(3)
        statusSince = try row.millisecondsOptional(4)
        statusReason = try row.textOptional(5)
        exitCode = try row.intOptional(6)
        startedAt = try row.millisecondsOptional(7)
        stoppedAt = try row.millisecondsOptional(8)
        isLost = try row.bool(9)
        attempts = try row.int(10)
        reason = try row.textOptional(11)
        stopRequestedAt = try row.millisecondsOptional(12)
        stopConfirmedAt = try row.millisecondsOptional(13)
        capture = try row.text(14)
    }

    var isTerminal: Bool { status == "Succeeded" || status == "Failed" }

    /// Its elements in words, counted from 0 as the API does.
    var span: String {
        elements == 1 ? "\(firstElement)" : "\(firstElement)–\(firstElement + elements - 1)"
    }

    /// AWS's word; before there is one, the job's own state.
    func state(in job: JobLine) -> JobState {
        if isLost { return .named("lost") }
        return status.map { .named($0) } ?? JobStanding(phase: job.phase, status: nil, settledAt: job.settledAt).state
    }
}

/// How an array's children stand, by AWS's word on each.
struct ChildCounts {
    let total: Int
    /// In AWS's order; what is not there is zero.
    private let counts: [String: Int]

    static let order = ["Submitted", "Pending", "Runnable", "Starting", "Running", "Succeeded", "Failed"]

    init(of total: Int, _ json: JSONText) throws {
        self.total = total
        let members = try JSONValue.parse(json.bytes).members ?? []
        counts = Dictionary(members.map { ($0.name, $0.value.integer ?? 0) }) { first, _ in first }
    }

    subscript(_ status: String) -> Int { counts[status] ?? 0 }

    var ended: Int { self["Succeeded"] + self["Failed"] }
    /// Of those AWS has not spoken.
    var unknown: Int { max(0, total - Self.order.reduce(0) { $0 + self[$1] }) }

    /// The array's state by its children's: the furthest that any of them is on its way; nil while nothing is known.
    var derivedStatus: String? {
        if ended == total { return nil }
        return ["Running", "Starting", "Runnable", "Pending", "Submitted"].first { self[$0] > 0 }
            ?? (ended > 0 ? "Running" : nil)
    }

    var members: [JSONValue.Member] {
        [
            .init("childJobCount", JSONValue(total)),
            .init("childJobStatusCounts", .object(Self.order.map { .init($0, JSONValue(self[$0])) })),
        ]
    }
}

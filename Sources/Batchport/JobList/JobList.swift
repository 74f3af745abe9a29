import Cryptography
import FoundationEssentials
import PostgreSQL

/// A job as a line of the list shows it; its page and the API's answers start from the same columns.
struct JobLine {
    let id: UUID
    let change: Int64
    let owner: UUID
    let environmentID: UUID
    let phase: String
    let phaseSince: Int64
    let status: String?
    let statusSince: Int64?
    let exitCode: Int?
    let submittedAt: Int64
    let startedAt: Int64?
    let stoppedAt: Int64?
    let stopRequestedAt: Int64?
    let stopConfirmedAt: Int64?
    let settledAt: Int64?
    /// When AWS was last asked about it; nil once it is settled.
    let checkedAt: Int64?
    let deleteRequestedAt: Int64?
    let texts: KeptTexts

    /// Of an array only.
    let children: ChildCounts?

    let state: JobState

    /// AWS calls an array pending until its last child has ended: what its children do says more.
    private static func state(_ standing: JobStanding, _ children: ChildCounts?) -> JobState {
        guard standing.phase == "sent", !standing.isTerminal, let status = children?.derivedStatus else {
            return standing.state
        }
        return .named(status)
    }

    /// The state shown is our reading of the children's.
    var isDerived: Bool { phase == "sent" && !standing.isTerminal && children?.derivedStatus != nil }

    var standing: JobStanding { JobStanding(phase: phase, status: status, settledAt: settledAt) }
    var isStopping: Bool { stopRequestedAt != nil && stopConfirmedAt == nil && settledAt == nil }
    /// Asking for its end would do something.
    var mayStop: Bool { settledAt == nil && stopRequestedAt == nil && !standing.isTerminal }

    /// Milliseconds up to its end, or up to now while it runs; nil where it has not started or its end was not seen.
    func ran(now: Int64) -> Int64? {
        guard let startedAt else { return nil }
        if let stoppedAt { return stoppedAt - startedAt }
        return standing.isInProgress ? now - startedAt : nil
    }

    /// Of `jobs j` and `sweeps s`; the owner's name comes between, since not every query needs it.
    static let columns: (before: SQL, after: SQL) = (
        "j.id, j.change, j.name, j.owner",
        """
        j.environment, j.environment_name, j.phase, j.phase_reason, j.phase_since, j.provider_job_id, j.status,
        j.status_source, j.status_since, j.status_reason, j.exit_code, j.submitted_at, j.started_at, j.stopped_at,
        j.stop_requested_at, j.stop_confirmed_at, j.capture, j.settled_at, j.language, s.checked_at,
        j.container_reason, j.delete_requested_at, j.child_count, j.child_statuses
        """
    )

    /// Reads them by position and by methods of one type each: a list has many rows, and a search by name or a generic
    /// read costs as much as the rest of a cell.
    init(_ row: borrowing Row) throws {
        texts = try row.keepTexts(Text.all)
        id = try row.uuid(0)
        change = Int64(try row.int(1))
        owner = try row.uuid(3)
        environmentID = try row.uuid(5)
        phase = try row.text(7)
        phaseSince = try row.milliseconds(9)
        status = try row.textOptional(11)
        statusSince = try row.millisecondsOptional(13)
        exitCode = try row.intOptional(15)
        submittedAt = try row.milliseconds(16)
        startedAt = try row.millisecondsOptional(17)
        stoppedAt = try row.millisecondsOptional(18)
        stopRequestedAt = try row.millisecondsOptional(19)
        stopConfirmedAt = try row.millisecondsOptional(20)
        settledAt = try row.millisecondsOptional(22)
        checkedAt = try row.millisecondsOptional(24)
        deleteRequestedAt = try row.millisecondsOptional(26)
        children = try row.intOptional(27).map { try ChildCounts(of: $0, row.json(28)) }
        state = Self.state(JobStanding(phase: phase, status: status, settledAt: settledAt), children)
    }
}

/// What of a line is read only where somebody asks for it.
extension JobLine {
    /// Where the texts stand among the columns.
    enum Text {
        static let name = 2, ownerName = 4, environmentName = 6, phaseReason = 8, providerJobID = 10, statusSource = 12
        static let statusReason = 14, capture = 21, language = 23, containerReason = 25
        static let all = [
            name, ownerName, environmentName, phaseReason, providerJobID, statusSource, statusReason, capture, language,
            containerReason,
        ]
    }

    var name: String { texts[Text.name] ?? "" }
    /// Nil where it is the asker.
    var ownerName: String? { texts[Text.ownerName] }
    var environment: (id: UUID, name: String) { (environmentID, texts[Text.environmentName] ?? "") }
    var phaseReason: String? { texts[Text.phaseReason] }
    var providerJobID: String? { texts[Text.providerJobID] }
    var statusSource: String? { texts[Text.statusSource] }
    var statusReason: String? { texts[Text.statusReason] }
    var capture: String { texts[Text.capture] ?? "" }
    var language: String { texts[Text.language] ?? "" }
    /// The container's reason in the last attempt of a job that AWS says failed.
    var containerReason: String? { texts[Text.containerReason] }
}

/// What the list shows at a time.
struct JobPageOfList {
    let lines: [JobLine]
    let next: JobFilter.Cursor?

    init(_ answer: QueryResult?, limit: Int) throws {
        var found = try answer?.rows { try JobLine($0) } ?? []
        let isMore = found.count > limit
        if isMore { found.removeLast(found.count - limit) }
        lines = found
        next = isMore ? lines.last.map { JobFilter.Cursor(submittedAt: $0.submittedAt, id: $0.id) } : nil
    }

    /// The oldest of AWS's words on what is not settled; nil where AWS was not asked yet, or nothing is on its way.
    var checkedAt: Int64? { lines.compactMap(\.checkedAt).min() }

    /// Changes with any of the jobs shown, and with which are shown.
    var tag: String {
        var hasher = SHA256Hasher()
        for line in lines { hasher.update(Array("\(line.id.uuidString) \(line.change) ".utf8)) }
        hasher.update(Array((next?.text ?? "end").utf8))
        return "\"" + hex(Array(hasher.finish().prefix(12))) + "\""
    }
}

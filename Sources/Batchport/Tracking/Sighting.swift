import AWS
import FoundationEssentials
import JSON

/// AWS's word on a job.
struct Sighting {
    struct Try: Equatable {
        let n: Int
        let startedAt: Int64?
        let stoppedAt: Int64?
        let exitCode: Int?
        let reason: String?
        let statusReason: String?
        let logStream: String?

        var json: JSONValue {
            [
                "n": JSONValue(n), "started": JSONValue(startedAt), "stopped": JSONValue(stoppedAt),
                "exit_code": JSONValue(exitCode), "reason": JSONValue(reason), "status_reason": JSONValue(statusReason),
                "log_stream": JSONValue(logStream),
            ]
        }
    }

    let status: String
    let statusReason: String?
    let exitCode: Int?
    let startedAt: Int64?
    let stoppedAt: Int64?
    let attempts: [Try]
    /// Attempts that AWS says have ended: fewer than were known make it an old word.
    let attemptsEnded: Int

    var isTerminal: Bool { status == "Succeeded" || status == "Failed" }

    /// Nil for a status that we do not know.
    init?(_ detail: JobDetail) {
        guard let status = Self.words[detail.status] else { return nil }
        self.status = status
        statusReason = detail.statusReason.flatMap { $0.isEmpty ? nil : $0 }
        startedAt = detail.startedAt.flatMap { $0 > 0 ? $0 : nil }
        let isTerminal = status == "Succeeded" || status == "Failed"
        stoppedAt = isTerminal ? detail.stoppedAt.flatMap { $0 > 0 ? $0 : nil } : nil
        exitCode = isTerminal ? detail.container?.exitCode : nil
        attemptsEnded = detail.attempts.count
        attempts = Self.attempts(detail, isRunning: status == "Running")
    }

    static let words = [
        "SUBMITTED": "Submitted", "PENDING": "Pending", "RUNNABLE": "Runnable", "STARTING": "Starting",
        "RUNNING": "Running", "SUCCEEDED": "Succeeded", "FAILED": "Failed",
    ]

    /// AWS's order of statuses within an attempt.
    static func rank(_ status: String) -> Int { order.firstIndex(of: status).map { $0 + 1 } ?? 0 }

    private static let order = ["Submitted", "Pending", "Runnable", "Starting", "Running", "Succeeded", "Failed"]

    /// AWS lists an attempt once it has ended; the running one is known by its container only.
    private static func attempts(_ detail: JobDetail, isRunning: Bool) -> [Try] {
        var attempts = detail.attempts.enumerated().map { index, attempt in
            Try(
                n: index + 1, startedAt: attempt.startedAt, stoppedAt: attempt.stoppedAt,
                exitCode: attempt.container?.exitCode, reason: attempt.container?.reason,
                statusReason: attempt.statusReason, logStream: attempt.container?.logStreamName)
        }
        if isRunning, let stream = detail.container?.logStreamName,
            !attempts.contains(where: { $0.logStream == stream })
        {
            attempts.append(
                Try(
                    n: attempts.count + 1, startedAt: detail.startedAt, stoppedAt: nil, exitCode: nil, reason: nil,
                    statusReason: nil, logStream: stream))
        }
        return attempts
    }

    /// As the statement that applies it reads it.
    func json(of job: UUID) -> JSONValue {
        [
            "job": .string(job.lower), "status": .string(status), "status_reason": JSONValue(statusReason),
            "exit_code": JSONValue(exitCode), "started": JSONValue(startedAt), "stopped": JSONValue(stoppedAt),
            "ended": JSONValue(attemptsEnded), "sighting": JSONValue(digest), "attempts": .array(attempts.map(\.json)),
        ]
    }

    /// Of every fact: the same word again changes nothing. FNV-1a; it compares words on one job with each other only.
    var digest: Int {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func mix(_ text: String?) {
            for byte in (text ?? "\u{1}").utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            hash = (hash ^ 0xFF) &* 0x100_0000_01b3
        }
        func mix(_ number: (some BinaryInteger)?) { mix(number.map { String($0) }) }
        mix(status)
        mix(statusReason)
        mix(exitCode)
        mix(startedAt)
        mix(stoppedAt)
        mix(attemptsEnded)
        for attempt in attempts {
            mix(attempt.startedAt)
            mix(attempt.stoppedAt)
            mix(attempt.exitCode)
            for text in [attempt.reason, attempt.statusReason, attempt.logStream] { mix(text) }
        }
        return Int(truncatingIfNeeded: hash)
    }
}

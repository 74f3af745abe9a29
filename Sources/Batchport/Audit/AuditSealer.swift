import Cryptography
import Logging
import PostgreSQL
import Processes

/// The worker's thread that seals the audit trail, whatever the other threads are busy with. It also tells the log where
/// the chain has got to: a log kept elsewhere is what shows that the trail's end was cut off.
struct AuditSealer: Sendable {
    static let pollMilliseconds = 500
    private static let anchorMilliseconds: Int64 = 30 * 60_000

    let configuration: WorkerConfiguration
    let stop: StopFlag

    func run() {
        while !stop.isSet {
            do {
                var database = try Connection(configuration.database)
                try work(&database)
            } catch {
                configuration.logger.warning(
                    "audit trail not sealed", metadata: ["error": "\(LoggedError.text(error))"])
                pause()
            }
        }
    }

    private func work(_ database: inout Connection) throws {
        var nextAnchor: Int64 = 0
        while !stop.isSet {
            let sealed = try database.sealAudit(configuration.auditChain)
            if Clock.monotonicMilliseconds() >= nextAnchor {
                nextAnchor = Clock.monotonicMilliseconds() + Self.anchorMilliseconds
                try tell(&database)
            }
            if sealed == 0 { pause() }
        }
    }

    private func tell(_ database: inout Connection) throws {
        let head = try database.row("SELECT seq, mac FROM audit_head") { "\(try $0.int(0)):\(hex(try $0.bytes(1)))" }
        configuration.logger.notice("audit anchor", metadata: ["head": "\(head ?? "")"])
    }

    private func pause() {
        _ = Signals.wait([Signals.hangup], milliseconds: Self.pollMilliseconds)
    }
}

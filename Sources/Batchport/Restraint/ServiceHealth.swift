import AWS
import PostgreSQL
import Tasks

/// What the calls of a task say about the services that they reached: shared with all workers, so that one account's
/// outage or throttling costs each of them little (trust.md R15 to R17).
extension Workbench {
    /// After each task. Costs nothing while all is well.
    mutating func shareExperience(wasProbe: Bool) throws {
        for (place, entry) in aws.takeRecord().entries {
            restraint.calls.add(entry.attempts, at: place.shared)
            for operation in entry.throttled {
                if let call = PacedCall(rawValue: operation) { try database.slowDown(call, at: place.shared) }
            }
            if let failure = entry.lastFailure, entry.failures > 0 {
                try database.noteFailures(entry.failures, failure.sentence, of: place)
                restraint.setTroubled(place, true)
            } else if entry.hasAnswered, wasProbe || restraint.isTroubled(place) {
                try database.noteRecovery(of: place)
                restraint.setTroubled(place, false)
            }
        }
        for (account, service, change) in restraint.budget.takeChanges() {
            let tokens = try database.changeRetryTokens(
                by: change, full: restraint.budget.capacity, account: account, service: service)
            restraint.budget.set(tokens, account: account, service: service)
        }
    }
}

extension Connection {
    /// Opens the breaker once there are enough in a row, with no minute between two of them.
    mutating func noteFailures(_ count: Int, _ trouble: String, of place: CallRecord.Place) throws {
        let most = try workerLimit("breaker.failures", else: 10)
        let isOpen = try row(
            """
            INSERT INTO service_health AS h (account, region, service, failures, failed_at, trouble, open_since)
            VALUES (\(place.account), \(place.region), \(place.service.rawValue), \(count)::int, now(), \(trouble),
                CASE WHEN \(count) >= \(most) THEN now() END)
            ON CONFLICT (account, region, service) DO UPDATE SET failed_at = now(), trouble = excluded.trouble,
                failures = excluded.failures
                    + CASE WHEN h.failed_at > now() - interval '1 minute' THEN h.failures ELSE 0 END,
                open_since = coalesce(h.open_since, CASE WHEN excluded.failures
                    + CASE WHEN h.failed_at > now() - interval '1 minute' THEN h.failures ELSE 0 END >= \(most)
                    THEN now() END)
            RETURNING open_since IS NOT NULL
            """
        ) { try $0.bool(0) }
        guard isOpen == true else { return }
        let period = try 1000 * workerLimit("breaker.probeSeconds", else: 30)
        try leaveAjar(gate: place.shared.gate(of: place.service), periodMilliseconds: period)
    }

    mutating func noteRecovery(of place: CallRecord.Place) throws {
        try execute(
            """
            DELETE FROM service_health
            WHERE account = \(place.account) AND region = \(place.region) AND service = \(place.service.rawValue)
            """)
        try open(gate: place.shared.gate(of: place.service))
    }

    /// What is left for everybody.
    mutating func changeRetryTokens(
        by change: Int, full: Int, account: String, service: AWSService
    ) throws -> Int {
        try row(
            """
            INSERT INTO retry_tokens AS t (account, service, tokens)
            VALUES (\(account), \(service.rawValue), least(\(full), greatest(0, \(full) + \(change)))::int)
            ON CONFLICT (account, service) DO UPDATE SET
                tokens = least(\(full), greatest(0, t.tokens + \(change)))::int RETURNING tokens
            """
        ) { try $0.int(0) } ?? full
    }
}

extension CallRecord.Place {
    var shared: Batchport.Place { Batchport.Place(account: account, region: region) }
}

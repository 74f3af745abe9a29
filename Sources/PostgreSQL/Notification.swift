internal import CPostgreSQL
internal import Glibc

/// A hint sent with `NOTIFY`; it may be lost, so poll as well.
package struct Notification: Hashable, Sendable {
    package let channel: String
    package let payload: String
}

extension Connection {
    /// Not inside a transaction. Survives `reconnectIfBroken`.
    package mutating func listen(_ channel: String) throws(PostgresError) {
        try sendListen(channel)
        if !channels.contains(channel) { channels.append(channel) }
    }

    /// Not inside a transaction.
    package mutating func unlisten(_ channel: String) throws(PostgresError) {
        channels.removeAll { $0 == channel }
        try execute("UNLISTEN \(identifier: channel)")
    }

    mutating func sendListen(_ channel: String) throws(PostgresError) {
        try execute("LISTEN \(identifier: channel)")
    }

    /// The next notification, nil when none came in time.
    package mutating func waitForNotification(milliseconds: Int) throws(PostgresError) -> Notification? {
        let deadline = ContinuousClock.now + .milliseconds(milliseconds)
        while true {
            if let notification = nextNotification() { return notification }
            let (seconds, attoseconds) = (deadline - .now).components
            let remaining = seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
            var descriptor = unsafe pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
            let ready = unsafe poll(&descriptor, 1, Int32(clamping: max(0, remaining)))
            if ready == 0 { return nil }
            let interrupted = ready < 0 && errno == EINTR
            if unsafe !interrupted && (ready < 0 || PQconsumeInput(handle) == 0) {
                isLost = true
                throw unsafe PostgresError(connection: handle)
            }
        }
    }

    private func nextNotification() -> Notification? {
        guard let found = unsafe PQnotifies(handle) else { return nil }
        defer { unsafe PQfreemem(found) }
        return unsafe Notification(
            channel: String(cString: found.pointee.relname), payload: String(cString: found.pointee.extra))
    }
}

import AWS
import Synchronization

/// What all threads of a process know together about services in trouble.
package final class Restraint: Sendable {
    let budget = RetryBudget()
    let retryLimits = RetryLimits()
    private let troubled = Mutex<Set<CallRecord.Place>>([])
    let calls = CallCounts()

    package init() {}

    func isTroubled(_ place: CallRecord.Place) -> Bool { troubled.withLock { $0.contains(place) } }

    func setTroubled(_ place: CallRecord.Place, _ isTroubled: Bool) {
        troubled.withLock { troubled in
            if isTroubled { troubled.insert(place) } else { troubled.remove(place) }
        }
    }
}

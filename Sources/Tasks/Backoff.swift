/// How long a failed task waits.
package enum Backoff {
    package static let longestMilliseconds = 3_600_000

    /// attempt⁴ seconds, at most an hour, give or take a tenth.
    /// - Parameter attempt: the one that failed, from 1.
    package static func milliseconds(
        attempt: Int, using generator: inout some RandomNumberGenerator
    ) -> Int {
        let attempt = min(max(attempt, 1), 100)
        let base = min(attempt * attempt * attempt * attempt * 1000, longestMilliseconds)
        return base + Int.random(in: -base / 10...base / 10, using: &generator)
    }
}

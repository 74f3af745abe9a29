import PostgreSQL

/// How often AWS is asked: rows of `limits`, read once a sweep.
struct TrackingPace {
    /// Milliseconds between two questions about one job.
    let shortest: Int
    let longest: Int
    /// A job is asked about again once it has grown older in its status by one part in so many.
    let ageShare: Int
    /// Milliseconds, for a job that somebody looks at, and how long a look lasts.
    let looked: Int
    let lookSeconds: Int
    let callsPerSecond: Int
    let listPauseSeconds: Int
    /// For so long after it was sent AWS may leave a job out of its answers.
    let graceSeconds: Int
    /// Left out for so long, it is lost.
    let lostSeconds: Int
    /// For so long after a step forward, a word of AWS that takes it back is an old one.
    let reorderSeconds: Int
    /// What is not understood is shown after so long.
    let troubleSeconds: Int

    /// Older than this in its status, a job is asked about at the longest interval.
    var windowSeconds: Int { longest * ageShare / 1000 }
}

extension Connection {
    mutating func trackingPace() throws -> TrackingPace {
        let found = try rows(
            "SELECT name, value FROM limits WHERE name LIKE 'track.%' OR name = 'submission.lostSeconds'"
        ) { (try $0.text(0), try $0.int(1)) }
        let values = Dictionary(found) { first, _ in first }
        // An admin may have taken a row away.
        func value(_ name: String, _ fallback: Int) -> Int { values[name] ?? fallback }
        return TrackingPace(
            shortest: value("track.shortestMilliseconds", 500), longest: value("track.longestMilliseconds", 15_000),
            ageShare: max(1, value("track.ageShare", 20)), looked: value("track.lookMilliseconds", 2000),
            lookSeconds: value("track.lookSeconds", 30), callsPerSecond: max(1, value("track.callsPerSecond", 7)),
            listPauseSeconds: value("track.listPauseSeconds", 600),
            graceSeconds: value("track.graceSeconds", 60), lostSeconds: value("submission.lostSeconds", 600),
            reorderSeconds: value("track.reorderSeconds", 60), troubleSeconds: value("track.troubleSeconds", 300))
    }
}

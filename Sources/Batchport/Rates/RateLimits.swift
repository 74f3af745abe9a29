import PostgreSQL

/// The rates as the site's limits say. A web process reads them every few seconds, with a request's own statements, so that
/// no request asks the database once more for them.
struct RateLimits: Equatable {
    static let periodNanoseconds: Int64 = 5_000_000_000

    var token: Int64 = 100
    var person: Int64 = 200
    var costly: Int64 = 60
    /// Seconds: who was quiet may make as many requests at once as these allow.
    var burst: Int64 = 10

    static let query: SQL = "SELECT name, value FROM limits WHERE name LIKE 'rate.%'"
}

extension RateLimits {
    /// A row that is not there leaves the number above.
    init(_ rows: QueryResult) throws {
        let found = try rows.rows { (name: try $0.text(0), value: Int64(try $0.int(1))) }
        for (name, value) in found {
            switch name {
            case "rate.tokenPerSecond": token = max(1, value)
            case "rate.personPerSecond": person = max(1, value)
            case "rate.costlyPerSecond": costly = max(1, value)
            case "rate.burstSeconds": burst = max(1, value)
            default: break
            }
        }
    }
}

extension Failure {
    static func tooMany(seconds: Int) -> Failure {
        Failure(
            status: 429, type: "rate", title: "Too many requests",
            detail: "You ask more often than this portal allows one person, or one token. Go on after \(seconds) s.",
            retryAfter: seconds)
    }
}

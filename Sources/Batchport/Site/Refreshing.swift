import HTML
import HTTP

/// A page that reloads itself, only where the reader asked for it (`?refresh=15`).
struct Refreshing {
    let seconds: Int?
    /// The page's address with the other parameters kept.
    private let started: String
    private let stopped: String

    init(_ request: Request) throws {
        seconds = try request.query.one("refresh").flatMap(Int.init).flatMap { (5...300).contains($0) ? $0 : nil }
        let others = request.query.items.filter { $0.name != "refresh" }
            .map { percentEncode($0.name) + "=" + percentEncode($0.value) }
        stopped = request.rawPath + (others.isEmpty ? "" : "?" + others.joined(separator: "&"))
        started = request.rawPath + "?" + (others + ["refresh=15"]).joined(separator: "&")
    }

    /// When the page was made, and the link that starts or stops the reloading.
    func line(now: Int64) -> HTML {
        let made = Instant(now).element(Instant(now).clock)
        return seconds == nil
            ? "<span>As of \(made) UTC; <a href=\"\(started)\" data-refresh>refresh every 15 s</a></span>"
            : "<span>As of \(made) UTC, again every 15 s; <a href=\"\(stopped)\">stop</a></span>"
    }
}

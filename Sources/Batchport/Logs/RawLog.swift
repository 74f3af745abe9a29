import HTTP
import PostgreSQL

/// A whole log as text, to keep and to print. What it holds for a terminal is in the JSON answer only.
enum RawLog {
    static func response(_ place: LogPlaceOnSite, _ log: JobLog, _ scope: inout Scope) throws -> Response {
        var response = Response(status: 200, body: try body(place, log, &scope.database))
        response.headers.set("Content-Type", "text/plain; charset=utf-8")
        response.headers.set("Content-Disposition", attachment(named: place.name(log)))
        response.headers.set("Content-Security-Policy", "default-src 'none'; sandbox")
        return response
    }

    /// A long one is written as it is read: of each only one stretch is in memory.
    private static func body(
        _ place: LogPlaceOnSite, _ log: JobLog, _ database: inout Connection
    ) throws -> Response.Body {
        if log.bytes <= LogSpan.mostBytes {
            var bytes: [UInt8] = []
            try write(place, log, &database) { bytes += $0 }
            return .bytes(bytes)
        }
        let opening = database.opening
        return .stream(length: nil) { send in
            var own = try opening.connection()
            try write(place, log, &own, send)
        }
    }

    private static func write(
        _ place: LogPlaceOnSite, _ log: JobLog, _ database: inout Connection, _ send: Response.Write
    ) throws {
        var next = 1
        while next <= log.lines {
            let span = LogSpan(first: next, count: 10_000)
            let lines = try database.logLines(of: place.job.id, child: place.child, attempt: log.attempt, span)
            guard let last = lines.last else { return }
            var bytes: [UInt8] = []
            for line in lines {
                bytes += TerminalText.of(line.text).utf8
                bytes.append(0x0A)
            }
            try send(bytes)
            next = last.n + 1
        }
    }
}

import FastCGI
import HTTP
import PostgreSQL
import Processes

/// The local region's front: one process of FastCGI threads that answer for Batch, S3, CloudWatch Logs and STS.
package struct LocalServer: Sendable {
    /// libpq's, as role `batchport_local`.
    package var database: String
    /// Folder that holds `users.json` and `objects/`.
    package var state: String
    /// Where clients reach the region, without a slash at the end.
    package var endpoint: String
    package var region = "us-local-1"
    package var account = BatchName.onlyAccount
    /// 1 to 4.
    package var threads = 4

    /// What this program can work with.
    package static let schema = 8...8

    package init(database: String, state: String, endpoint: String) {
        self.database = database
        self.state = state
        self.endpoint = endpoint
    }

    /// Answers on a listening UNIX socket until `stop` can be read, finishes what is under way, and returns.
    /// SIGPIPE must be ignored.
    /// - Parameter whenReady: is called once nothing stands in the way.
    package func run(listening: Int32, stop: Int32, whenReady: () -> Void = {}) throws {
        try FirstStart.prepare(self)
        whenReady()
        var options = ServerOptions()
        options.threads = threads
        options.limits.headerBytes = 64 << 10
        options.limits.targetBytes = 16 << 10
        try FastCGIServer.run(
            listening: listening, options: options, stop: stop,
            makeState: { [self] in try LocalThread(self) },
            refuse: { error in Answering.refuse(error) },
            handle: { request, body, thread in Answering.answer(request, &body, &thread) })
    }
}

/// What one thread of the front owns.
struct LocalThread: ~Copyable {
    let server: LocalServer
    let files: ObjectFiles
    var database: Connection
    /// Milliseconds; read once for each request.
    var now: Int64 = 0
    /// How far that is from the true time: a fault's.
    var skew: Int64 = 0

    init(_ server: LocalServer) throws {
        self.server = server
        files = ObjectFiles(state: server.state)
        database = try Connection(server.database)
    }
}

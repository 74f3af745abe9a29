internal import CPostgreSQL

/// One connection, owned by the thread that made it: it cannot be copied, shared or sent elsewhere.
///
/// It stays in libpq's pipeline mode: everything that one call sends is one implicit transaction (unless `transaction`
/// opened one) and one round trip. Statements are prepared on first use and then reused by their text.
/// `conninfo` is libpq's; put time-outs there (`options='-c statement_timeout=5s'`).
@safe package struct Connection: ~Copyable {
    var handle: OpaquePointer
    let conninfo: String
    var statements = Statements()
    var stage = Stage.outside
    var channels: [String] = []
    /// Set when the protocol's state is no longer known, whatever `PQstatus` says.
    var isLost = false

    /// The session token that row-level security looks up. When set, every statement outside a transaction travels with
    /// `set_config('batchport.session', …, true)` in the same round trip, and every transaction begins with it; it never
    /// outlives its transaction on the server.
    package var identity: String?

    /// `.opening`: `BEGIN` waits to travel with the transaction's first statement.
    enum Stage { case outside, opening, inside }

    package init(_ conninfo: String) throws(PostgresError) {
        let opened = unsafe try Connection.open(conninfo)
        unsafe handle = unsafe opened
        self.conninfo = conninfo
    }

    deinit {
        unsafe PQfinish(handle)
    }

    package var isBroken: Bool { unsafe isLost || PQstatus(handle) != CONNECTION_OK }

    /// Connects again if the connection is broken, and listens to the same channels. Not inside a transaction.
    package mutating func reconnectIfBroken() throws(PostgresError) {
        guard isBroken, stage == .outside else { return }
        let opened = unsafe try Connection.open(conninfo)
        unsafe PQfinish(handle)
        unsafe handle = unsafe opened
        isLost = false
        statements = Statements()
        for channel in channels { try sendListen(channel) }
    }

    package mutating func rows<Value>(_ sql: SQL, _ decode: (borrowing Row) throws -> Value) throws -> [Value] {
        try run(sql).rows(decode)
    }

    /// Nil when there is no row; a second row is an error.
    package mutating func row<Value>(_ sql: SQL, _ decode: (borrowing Row) throws -> Value) throws -> Value? {
        let result = try run(sql)
        guard result.count <= 1 else {
            throw PostgresError(kind: .decoding, message: "expected one row, found \(result.count)")
        }
        return try result.row(decode)
    }

    /// Answers the number of affected rows.
    @discardableResult
    package mutating func execute(_ sql: SQL) throws(PostgresError) -> Int {
        try run(sql).affected
    }

    /// All in one round trip; outside a transaction also all or nothing.
    package mutating func pipeline(_ statements: [SQL]) throws(PostgresError) -> [QueryResult] {
        statements.isEmpty ? [] : try run(statements)
    }

    private mutating func run(_ sql: SQL) throws(PostgresError) -> QueryResult {
        guard let result = try run([sql]).first else { throw PostgresError(kind: .connection, message: "no result") }
        return result
    }

    private static func open(_ conninfo: String) throws(PostgresError) -> OpaquePointer {
        // Later pairs win: `conninfo` may set its own time-out but not another encoding.
        let settings = [
            ("connect_timeout", "10"), ("fallback_application_name", "batchport"), ("dbname", conninfo),
            ("client_encoding", "UTF8"),
        ]
        let opened = unsafe connect(settings)
        guard unsafe PQstatus(opened) == CONNECTION_OK, let handle = unsafe opened else {
            defer { unsafe PQfinish(opened) }
            throw unsafe PostgresError(connection: opened)
        }
        // libpq would print notices, values included, on standard error.
        _ = unsafe PQsetNoticeReceiver(handle, { _, _ in }, nil)
        _ = unsafe PQenterPipelineMode(handle)
        return unsafe handle
    }

    private static func connect(_ settings: [(key: String, value: String)]) -> OpaquePointer? {
        var arena: [CChar] = []
        var offsets: [Int] = []
        for text in settings.map(\.key) + settings.map(\.value) {
            offsets.append(arena.count)
            arena += text.utf8CString
        }
        return unsafe arena.withUnsafeBufferPointer { buffer in
            let texts = unsafe offsets.map { unsafe buffer.baseAddress?.advanced(by: $0) }
            let keys = unsafe Array(texts.prefix(settings.count)) + [nil]
            let values = unsafe Array(texts.suffix(settings.count)) + [nil]
            return unsafe PQconnectdbParams(keys, values, 1)
        }
    }
}

internal import Glibc
internal import PostgreSQL
internal import Processes
internal import Synchronization

/// The server that tests may use: its roles, its leftovers and one migrated template for each state of `sql/`.
final class TestCluster: Sendable {
    static let variable = "BATCHPORT_TEST_POSTGRES"
    static let shared = Result { try TestCluster() }

    let conninfo: String
    private let made = Atomic(0)
    private let templates = Mutex<[TestDatabase.Series: String]>([:])

    private init() throws {
        guard let value = unsafe getenv(Self.variable) else {
            throw TestSupportError(
                "\(Self.variable) is not set. It must hold the conninfo of a superuser of a PostgreSQL cluster that "
                    + "tests may use, such as \"host=/run/test-postgres user=postgres\".")
        }
        conninfo = unsafe String(cString: value)
        var connection = try connect()
        try Self.makeRoles(&connection)
        try Self.dropLeftovers(&connection)
    }

    func connect() throws -> Connection { try Connection(conninfo) }

    /// Holds this process's id, by which leftovers are known.
    func nextName() -> String {
        "batchport_test_\(getpid())_\(made.add(1, ordering: .relaxed).newValue)"
    }

    /// The name of the template, made by whichever process needs it first.
    func template(_ series: TestDatabase.Series) throws -> String {
        guard series != .empty else { return "template0" }
        return try templates.withLock { templates in
            if let known = templates[series] { return known }
            let name = try makeTemplate(series)
            templates[series] = name
            return name
        }
    }

    private func makeTemplate(_ series: TestDatabase.Series) throws -> String {
        let folder = try Repository.folder("sql/\(series.rawValue)")
        var connection = try connect()
        let name = "batchport_template_\(series.rawValue)_" + (try Self.digest(of: folder, &connection))
        try connection.execute("SELECT pg_advisory_lock(hashtext('batchport.test'))")
        let exists = try connection.row("SELECT EXISTS (SELECT FROM pg_database WHERE datname = \(name))") {
            try $0.bool(0)
        }
        if exists == true { return name }
        let draft = nextName()
        try connection.execute("CREATE DATABASE \(identifier: draft) OWNER \(identifier: series.owner)")
        do {
            try migrate(draft, folder: folder, series: series)
        } catch {
            _ = try? connection.execute("DROP DATABASE \(identifier: draft) WITH (FORCE)")
            throw error
        }
        try connection.execute("ALTER DATABASE \(identifier: draft) RENAME TO \(identifier: name)")
        return name
    }

    private func migrate(_ database: String, folder: String, series: TestDatabase.Series) throws {
        var owner = try Connection(conninfo + " dbname=\(database) user=\(series.owner)")
        _ = try Migrations.apply(folder: folder, series: series.rawValue, connection: &owner)
    }

    private static func digest(of folder: String, _ connection: inout Connection) throws -> String {
        var bytes: [UInt8] = []
        for name in try Repository.files(in: folder) where name.hasSuffix(".sql") {
            bytes += Array(name.utf8) + [0] + (try File.read(folder + "/" + name)) + [0]
        }
        let digest = try connection.row("SELECT left(encode(sha256(\(bytes)), 'hex'), 16)") { try $0.text(0) }
        guard let digest else { throw TestSupportError("no digest") }
        return digest
    }

    private static func makeRoles(_ connection: inout Connection) throws {
        for role in ["migrate", "web", "worker", "local_migrate", "local"].map({ "batchport_\($0)" }) {
            try connection.transaction { connection in
                try connection.execute("SELECT pg_advisory_xact_lock(hashtext('batchport.test'))")
                let exists = try connection.row("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = \(role))") {
                    try $0.bool(0)
                }
                if exists != true { try connection.execute("CREATE ROLE \(identifier: role) LOGIN") }
            }
        }
    }

    /// Databases of processes that ended without dropping theirs.
    private static func dropLeftovers(_ connection: inout Connection) throws {
        let names = try connection.rows(
            "SELECT datname FROM pg_database WHERE datname ~ '^batchport_test_[0-9]+_[0-9]+$'"
        ) { try $0.text(0) }
        for name in names {
            guard let owner = name.split(separator: "_").dropFirst(2).first.flatMap({ Int32($0) }) else { continue }
            if kill(owner, 0) == 0 || errno != ESRCH { continue }
            // Another process may be dropping the same.
            _ = try? connection.execute("DROP DATABASE IF EXISTS \(identifier: name)")
        }
    }
}

/// A sentence for whoever runs the tests.
package struct TestSupportError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

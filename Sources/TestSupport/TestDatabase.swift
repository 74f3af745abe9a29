package import PostgreSQL
internal import Synchronization

/// A database of a test's own, migrated, dropped when its last owner lets go.
///
/// `BATCHPORT_TEST_POSTGRES` holds the conninfo (`name=value` pairs) of a superuser of a cluster that tests may use.
package final class TestDatabase: Sendable {
    /// Which migrations it has seen.
    package enum Series: String, Sendable {
        case portal, local, empty
    }

    /// `.migrate` owns the database; in the local region's database it is that one's own owner.
    package enum Role: Sendable {
        case superuser, migrate, web, worker, local
    }

    package let name: String
    private let series: Series
    private let cluster: TestCluster

    private init(name: String, series: Series, cluster: TestCluster) {
        self.name = name
        self.series = series
        self.cluster = cluster
    }

    deinit {
        // What cannot be dropped now goes when a later run looks for leftovers.
        guard var connection = try? cluster.connect() else { return }
        _ = try? connection.execute("DROP DATABASE IF EXISTS \(identifier: name) WITH (FORCE)")
    }

    /// A clone of the migrated template, made in some tens of milliseconds: by its files, which costs half of what writing
    /// them to the log does.
    package static func create(series: Series) throws -> TestDatabase {
        let cluster = try TestCluster.shared.get()
        let template = try cluster.template(series)
        let name = cluster.nextName()
        var connection = try cluster.connect()
        try connection.execute(
            """
            CREATE DATABASE \(identifier: name) TEMPLATE \(identifier: template) \
            OWNER \(identifier: series.owner) STRATEGY FILE_COPY
            """)
        return TestDatabase(name: name, series: series, cluster: cluster)
    }

    package func connect(_ role: Role) throws -> Connection {
        try Connection(conninfo(role))
    }

    /// Ends without an `options` pair, so that a test may append one.
    package func conninfo(_ role: Role) -> String {
        let user: String? =
            switch role {
            case .superuser: nil
            case .migrate: series.owner
            case .web: "batchport_web"
            case .worker: "batchport_worker"
            case .local: "batchport_local"
            }
        return cluster.conninfo + " dbname=\(name)" + (user.map { " user=\($0)" } ?? "")
    }
}

extension TestDatabase.Series {
    var owner: String { self == .local ? "batchport_local_migrate" : "batchport_migrate" }
}

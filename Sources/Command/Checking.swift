import AWS
import Batchport
import LocalRegion
import PostgreSQL
import Processes
import Settings
import Vault

extension Findings {
    mutating func checkWeb(_ settings: Settings) {
        note("web: all settings are there") { try settings.require(Needed.web) }
        note("web: static files, known passwords and the vault's public key can be read") {
            try WebProcess.check(try settings.webConfiguration())
        }
        checkSocket("web", settings.value(Declared.webSocket))
        checkDatabase("web", settings.value(Declared.webDatabase), "portal", PortalSchema.versions)
    }

    mutating func checkWorker(_ settings: Settings) {
        note("worker: all settings are there") { try settings.require(Needed.worker) }
        note("worker: the vault's keys fit the folder of owners' keys, and it may be written to") {
            try Vault.check(
                privateKey: try settings.required(Declared.vaultPrivateKey),
                rootKey: try settings.required(Declared.vaultRootKey),
                nextRootKey: settings.value(Declared.vaultNextRootKey),
                ownerKeys: try settings.required(Declared.ownerKeys),
                publicKey: settings.value(Declared.vaultPublicKey) == nil ? nil : try settings.vaultKey())
        }
        note("worker: the endpoints are addresses of services") {
            _ = try AWSEndpoints(overrides: settings.values(Declared.endpoints))
        }
        note("worker: the portal's identity is whole") {
            _ = try settings.portalIdentity(try AWSEndpoints(overrides: settings.values(Declared.endpoints)))
        }
        if let file = settings.value(Declared.caFile) {
            note("worker: aws.ca_file can be read") { _ = try File.read(file) }
        }
        checkDatabase("worker", settings.value(Declared.workerDatabase), "portal", PortalSchema.versions)
    }

    mutating func checkLocal(_ settings: Settings) {
        note("local region: all settings are there") { try settings.require(Needed.local) }
        if let state = settings.value(Declared.localState) {
            note("local region: its state folder may be written to") { try Self.requireWritable(state) }
        }
        for program in [settings.value(Declared.localInit), settings.value(Declared.localRunner)].compactMap(\.self) {
            note("local region: there is \(program)") {
                guard File.exists(program) else { throw Sentence("there is nothing") }
            }
        }
        checkSocket("local region", settings.value(Declared.localSocket))
        checkDatabase("local region", settings.value(Declared.localDatabase), "local", LocalServer.schema)
    }

    mutating func checkMigrations(_ settings: Settings) {
        checkDatabase("migrate portal", settings.value(Declared.migrateDatabase), "portal", PortalSchema.versions)
        checkDatabase("migrate local", settings.value(Declared.localMigrateDatabase), "local", LocalServer.schema)
    }

    private mutating func checkSocket(_ program: String, _ socket: String?) {
        guard let socket else { return }
        note("\(program): its socket can be made") {
            try Self.requireWritable(String(socket[..<(socket.lastIndex(of: "/") ?? socket.startIndex)]))
            guard socket.utf8.count < 108 else { throw Sentence("the path \(socket) has more than 107 bytes") }
        }
    }

    private mutating func checkDatabase(
        _ program: String, _ conninfo: String?, _ series: String, _ versions: ClosedRange<Int>
    ) {
        guard let conninfo else { return }
        note("\(program): the database answers and has a version that fits") {
            var connection = try Migrate.open(conninfo)
            try Migrations.requireVersion(series: series, in: versions, connection: &connection)
        }
    }

    private static func requireWritable(_ folder: String) throws {
        guard Folder.isWritable(folder) else { throw Sentence("\(folder) is no folder that may be written to") }
    }
}

import ArgumentParser
import Batchport
import PostgreSQL
import Processes
import Settings

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks settings, keys, folders and databases, changes nothing, and says what it found.",
        discussion: "Looks at whatever the settings speak of. Ends with 1 if something is wrong.")
    @OptionGroup var settingsOption: SettingsOption

    func run() throws {
        let settings = try settingsOption.load()
        var findings = Findings()
        if settings.value(Declared.webDatabase) != nil { checkWeb(settings, &findings) }
        if settings.value(Declared.migrateDatabase) != nil { checkMigrations(settings, &findings) }
        if findings.isEmpty { findings.refuse("The settings speak of no program: no database is named in them.") }
        findings.print()
        if findings.hasProblem { throw ExitCode.failure }
    }

    private func checkWeb(_ settings: Settings, _ findings: inout Findings) {
        findings.note("web: all settings are there") { try settings.require(Needed.web) }
        findings.note("web: static files, known passwords and the vault's public key can be read") {
            try WebProcess.check(try settings.webConfiguration())
        }
        checkSocketFolder("web", settings.value(Declared.webSocket), &findings)
        checkDatabase("web", settings.value(Declared.webDatabase), "portal", PortalSchema.versions, &findings)
    }

    private func checkMigrations(_ settings: Settings, _ findings: inout Findings) {
        checkDatabase("migrate", settings.value(Declared.migrateDatabase), "portal", PortalSchema.versions, &findings)
    }

    private func checkSocketFolder(_ program: String, _ socket: String?, _ findings: inout Findings) {
        guard let socket else { return }
        let folder = String(socket[..<(socket.lastIndex(of: "/") ?? socket.startIndex)])
        findings.note("\(program): its socket can be made in \(folder)") {
            guard Folder.isWritable(folder) else {
                throw Sentence("\(folder) is no folder that may be written to")
            }
            guard socket.utf8.count < 108 else { throw Sentence("the path \(socket) has more than 107 bytes") }
        }
    }

    private func checkDatabase(
        _ program: String, _ conninfo: String?, _ series: String, _ versions: ClosedRange<Int>,
        _ findings: inout Findings
    ) {
        guard let conninfo else { return }
        findings.note("\(program): the database answers and has a version that fits") {
            var connection = try Migrate.open(conninfo)
            try Migrations.requireVersion(series: series, in: versions, connection: &connection)
        }
    }
}

/// What a check found, a line each.
private struct Findings {
    private var lines: [String] = []
    private(set) var hasProblem = false

    var isEmpty: Bool { lines.isEmpty }

    mutating func note(_ sentence: String, _ body: () throws -> Void) {
        do {
            try body()
            lines.append("ok     \(sentence).")
        } catch {
            refuse("\(sentence): no, \(error)")
        }
    }

    mutating func refuse(_ sentence: String) {
        hasProblem = true
        lines.append("WRONG  " + sentence)
    }

    func print() {
        for line in lines { Swift.print(line) }
    }
}

import ArgumentParser
import Settings

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks settings, keys, folders and databases, changes nothing, and says what it found.",
        discussion: """
            Looks at whatever the settings speak of; run it as the user that the program runs as. Ends with 1 if something
            is wrong.
            """)
    @OptionGroup var settingsOption: SettingsOption

    func run() throws {
        let settings = try settingsOption.load()
        var findings = Findings()
        if settings.value(Declared.webDatabase) != nil { findings.checkWeb(settings) }
        if settings.value(Declared.workerDatabase) != nil { findings.checkWorker(settings) }
        if settings.value(Declared.localDatabase) != nil { findings.checkLocal(settings) }
        findings.checkMigrations(settings)
        if findings.lines.isEmpty { findings.refuse("The settings name no database, so they are no program's.") }
        for line in findings.lines { print(line) }
        if findings.hasProblem { throw ExitCode.failure }
    }
}

/// What a check found, a line each.
struct Findings {
    private(set) var lines: [String] = []
    private(set) var hasProblem = false

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
}

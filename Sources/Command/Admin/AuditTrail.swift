import ArgumentParser
import Batchport
import PostgreSQL
import Processes
import Settings

struct AuditTrail: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Proves that the audit trail is whole, and copies it out.",
        subcommands: [Verify.self, Export.self])

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Names the first entry that was changed, removed or put elsewhere; ends with 1 if there is one.",
            discussion: """
                That the trail's end was cut off, or an old copy of the database put back, is seen by what was written down \
                elsewhere: give the heads that the worker's log has as "audit anchor", or that this command printed before.
                """)
        @OptionGroup var settingsOption: SettingsOption
        @Option(help: "SEQ:MAC, a head from before. May be repeated.") var anchor: [String] = []
        @Flag(help: "Read an export (JSON Lines) from standard input instead of the database.") var exported = false

        func run() throws {
            let anchors = try anchor.map { text in
                guard let anchor = AuditVerification.Anchor(text) else {
                    throw ValidationError("--anchor must be a number, a colon and 64 hexadecimal digits.")
                }
                return anchor
            }
            do {
                let found = try exported ? fromInput(anchors) : fromDatabase(anchors)
                print("\(found.seq) entries are as they were sealed. The head is \(found.head)")
            } catch let fault as AuditVerification.Fault {
                print(fault)
                throw ExitCode.failure
            }
        }

        private func fromDatabase(_ anchors: [AuditVerification.Anchor]) throws -> AuditVerification {
            try settingsOption.administrate(needing: [Declared.auditKey.declaration]) { settings, database in
                var verification = AuditVerification(
                    AuditChain(key: try settings.required(Declared.auditKey)), anchors: anchors)
                try verification.read(&database)
                return verification
            }
        }

        private func fromInput(_ anchors: [AuditVerification.Anchor]) throws -> AuditVerification {
            let settings = try settingsOption.load(needing: [Declared.auditKey.declaration])
            var verification = AuditVerification(
                AuditChain(key: try settings.required(Declared.auditKey)), anchors: anchors)
            while let line = readLine() { try verification.take(exported: line) }
            try verification.finish()
            return verification
        }
    }

    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Prints all that is sealed.")
        @OptionGroup var settingsOption: SettingsOption
        @Option(help: "jsonl or csv.") var format = AuditExport.Format.jsonl

        func run() throws {
            try settingsOption.administrate { _, database in
                try AuditExport.write(format, &database) { print($0, terminator: "") }
            }
        }
    }
}

extension AuditExport.Format: ExpressibleByArgument {}

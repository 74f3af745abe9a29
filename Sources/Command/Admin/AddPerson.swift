import ArgumentParser
import Batchport
import Processes
import Settings

struct AddPerson: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Adds a person with a first password and prints their id.")
    @OptionGroup var settingsOption: SettingsOption
    @OptionGroup var ifAbsent: IfAbsentOption
    @Option var email: String
    @Option var name: String
    @Option(help: "member or admin.") var role = Administration.NewPerson.Role.member
    @Option(help: "A file whose first line is the password; without it, the first line of standard input.")
    var passwordFile = "/dev/stdin"

    func run() throws {
        let needed = [Declared.pepper.declaration, Declared.knownPasswords.declaration]
        try settingsOption.add(ifAbsent, needing: needed) { settings, database in
            let known = try KnownPasswords(file: try settings.required(Declared.knownPasswords))
            let person = Administration.NewPerson(
                email: email, name: name, role: role, password: try secretLine(passwordFile))
            return try Administration.add(
                person, pepper: try settings.required(Declared.pepper), known: known, in: &database)
        }
    }
}

extension Administration.NewPerson.Role: ExpressibleByArgument {}

struct AddToken: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes an API token for a person and prints it: it cannot be shown again.")
    @OptionGroup var settingsOption: SettingsOption
    @Option var email: String
    @Option var name: String
    @Option(help: "What it may do, parted by commas, such as jobs:read,jobs:submit.") var scopes: String
    @Option(help: "How long it lives; without it, as long as the site's limits say.") var days: Int?

    func validate() throws {
        if let days, !(1...366).contains(days) { throw ValidationError("--days must be 1 to 366.") }
    }

    func run() throws {
        print(
            try settingsOption.administrate { _, database in
                let scopes = scopes.split(separator: ",").map(String.init)
                if let warning = try Administration.warning(scopes: scopes, for: email, in: &database) {
                    StandardError.write(line: "batchport: \(warning)")
                }
                return try Administration.addToken(name: name, scopes: scopes, days: days, for: email, in: &database)
            })
    }
}

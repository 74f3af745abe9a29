import ArgumentParser
import Batchport
import Settings

struct AddCredential: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Seals an AWS access key of a person into the vault and prints the credential's id.")
    @OptionGroup var settingsOption: SettingsOption
    @OptionGroup var ifAbsent: IfAbsentOption
    @Option(help: "Whose it is.") var email: String
    @Option var name: String
    @Option(help: "Where it is checked first, such as eu-central-1.") var region: String
    @Option var accessKeyId: String
    @Option(help: "A file whose first line is the secret access key.") var secretFile: String
    @Option(help: "For temporary credentials: a file whose first line is the session token.")
    var sessionTokenFile: String?
    @Flag(help: "Used where an environment has no credential of its own.") var `default` = false

    func run() throws {
        var entry = AccessKeyEntry()
        entry.name = name
        entry.region = region
        entry.accessKeyID = accessKeyId
        entry.secretAccessKey = try secretLine(secretFile)
        entry.sessionToken = try sessionTokenFile.map(secretLine) ?? ""
        entry.isDefault = `default`
        try settingsOption.add(ifAbsent, needing: [Declared.vaultPublicKey.declaration]) { settings, database in
            try Administration.add(entry, for: email, vaultKey: try settings.vaultKey(), in: &database)
        }
    }
}

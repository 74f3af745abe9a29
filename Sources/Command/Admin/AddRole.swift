import ArgumentParser
import Batchport

struct ExternalID: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "external-id",
        abstract: "Prints a person's ExternalId for an AWS account; the first time it is made, and never changes.")
    @OptionGroup var settingsOption: SettingsOption
    @Option(help: "Whose it is.") var email: String
    @Option(help: "12 digits.") var account: String

    func run() throws {
        print(
            try settingsOption.administrate { _, database in
                try Administration.externalID(of: email, account: account, in: &database)
            })
    }
}

struct AddRole: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Adds a role of a person's that the portal assumes, and prints the credential's id.",
        discussion: "Its trust policy must ask for the ExternalId that external-id prints; the worker proves it.")
    @OptionGroup var settingsOption: SettingsOption
    @OptionGroup var ifAbsent: IfAbsentOption
    @Option(help: "Whose it is.") var email: String
    @Option var name: String
    @Option(help: "Where it is assumed, such as eu-central-1.") var region: String
    @Option(help: "arn:aws:iam::ACCOUNT:role/NAME") var roleArn: String
    @Flag(help: "Used where an environment has no credential of its own.") var `default` = false

    func run() throws {
        var entry = RoleEntry()
        (entry.name, entry.region, entry.roleARN, entry.isDefault) = (name, region, roleArn, `default`)
        try settingsOption.add(ifAbsent) { _, database in
            try Administration.add(entry, for: email, in: &database)
        }
    }
}

import ArgumentParser
import Batchport
import Settings

struct Recover: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints a link, good once, with which a person sets a new password and loses the second factor.",
        discussion:
            "For an admin who has lost both authenticator and recovery codes. Make sure that it is they who ask.")
    @OptionGroup var settingsOption: SettingsOption
    @Option var email: String

    func run() throws {
        print(
            try settingsOption.administrate { settings, database in
                (settings.value(Declared.origin) ?? "") + (try Administration.recover(email, in: &database))
            })
    }
}

import ArgumentParser
import Batchport
import Settings

struct BackedUp: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says that a backup was made, for the system page: the last line of whatever makes them.")
    @OptionGroup var settingsOption: SettingsOption
    @Option(help: "Its size.") var bytes: Int
    @Option(help: "Where it is, for people.") var place: String

    func validate() throws {
        if bytes < 0 { throw ValidationError("--bytes must not be negative.") }
        if !(1...512).contains(place.unicodeScalars.count) {
            throw ValidationError("--place must have 1 to 512 characters.")
        }
    }

    func run() throws {
        try settingsOption.administrate { _, database in
            try Administration.noteBackup(bytes: bytes, place: place, in: &database)
        }
    }
}

import ArgumentParser
import Batchport
import Processes

struct Work: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Does the tasks that need AWS: submits, tracks, captures, aborts, signs links.",
        discussion:
            "Several may run at once, also on several machines. SIGTERM finishes or gives back what is under way.")

    @OptionGroup var settingsOption: SettingsOption

    func run() throws {
        try FreedMemory.wipe()
        let settings = try settingsOption.load(needing: Needed.worker)
        let code = Worker.run(try settings.workerConfiguration())
        if code != 0 { throw ExitCode(code) }
    }
}

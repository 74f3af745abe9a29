import ArgumentParser
import Batchport

struct TaskList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tasks",
        abstract: "Lists the workers' tasks: what each is, how often it was tried, its last error.",
        discussion: "Without --state, all but those that are done; the oldest first.")
    @OptionGroup var settingsOption: SettingsOption
    @Option(help: "available, retryable, running, done or discarded. May be repeated.")
    var state: [Administration.TaskFilter.State] = []
    @Option(help: "Such as submit, track or capture.") var kind: String?
    @Option(help: "At most so many, 1 to 10,000.") var limit = 100

    func validate() throws {
        if !(1...10_000).contains(limit) { throw ValidationError("--limit must be 1 to 10,000.") }
    }

    func run() throws {
        var filter = Administration.TaskFilter()
        (filter.states, filter.kind, filter.limit) = (state, kind, limit)
        let lines = try settingsOption.administrate { _, database in
            try Administration.tasks(filter, in: &database)
        }
        for line in lines { print(line) }
    }
}

extension Administration.TaskFilter.State: ExpressibleByArgument {}

import ArgumentParser
import LocalRegion
import Settings

struct LocalFill: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fill", abstract: "Makes many jobs that only pretend to run, for measuring.")

    @OptionGroup var settingsOption: SettingsOption
    @Option(help: "1 to 1000000.") var count: Int
    @Option(help: "Their names are this, a hyphen and a number from 1.") var prefix = "fill"
    @Option(help: "How they run on; “held”: not before they are told.") var simulation = "held"
    @Option(help: "What they have come to.") var status = "RUNNING"

    func validate() throws {
        if !(1...1_000_000).contains(count) { throw ValidationError("--count must be 1 to 1000000.") }
    }

    func run() throws {
        try settingsOption.inLocalRegion { database in
            print(
                try SimulatedJobs.fill(
                    count: count, prefix: prefix, simulation: simulation, status: status, in: &database))
        }
    }
}

struct LocalMove: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "move", abstract: "Lets jobs that stay in a status until told go on, the oldest first.")

    @OptionGroup var settingsOption: SettingsOption
    @Option(help: "Of this simulation.") var simulation = "held"
    @Option(help: "RUNNABLE, STARTING or RUNNING.") var from = "RUNNING"
    @Option(help: "At most so many.") var count = 1_000_000

    func run() throws {
        try settingsOption.inLocalRegion { database in
            print(try SimulatedJobs.move(simulation: simulation, from: from, count: count, in: &database))
        }
    }
}

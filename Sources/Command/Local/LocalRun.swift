import ArgumentParser
import FastCGI
import FoundationEssentials
import LocalRegion
import Processes
import Settings

struct LocalRun: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs the region: what `batchport local` does by itself.",
        discussion: """
            Keeps processes that answer on the UNIX socket local.socket, and one that runs the jobs. SIGTERM ends all; jobs
            under way end as if their host had gone away.
            """)

    @OptionGroup var settingsOption: SettingsOption
    @Flag(help: "Be one of the processes that answer: the listening socket is standard input.") var serve = false
    @Flag(help: "Be the process that runs jobs.") var execute = false

    func run() throws {
        Signals.block(Supervisor.signals)
        let settings = try settingsOption.load(needing: Needed.local)
        if serve {
            let stop = try Children.stopDescriptor()
            try settings.localServer().run(listening: 0, stop: stop, whenReady: Supervised.announce)
        } else if execute {
            let executor = LocalExecutor(try settings.localExecutor())
            Supervised.announce()
            try executor.runUntilTerminated()
        } else {
            try supervise(settings)
        }
    }

    private func supervise(_ settings: Settings) throws {
        let environment = ProcessInfo.processInfo.environment
        let listening = try listenUNIX(path: try settings.required(Declared.localSocket))
        var members = try (1...(try settings.required(Declared.localProcesses))).map { number in
            try Children.member(
                "local process \(number)", ["local", "--serve"] + settingsOption.arguments, listening: listening,
                mayOverlap: true, environment: environment)
        }
        members.append(
            try Children.member(
                "executor", ["local", "--execute"] + settingsOption.arguments, listening: nil, mayOverlap: false,
                environment: environment))
        try Children.supervise(members, label: "local")
    }
}

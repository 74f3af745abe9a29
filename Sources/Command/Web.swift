import ArgumentParser
import Batchport
import FastCGI
import FoundationEssentials
import PostgreSQL
import Processes
import Settings

struct Web: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serves pages and JSON API over FastCGI.",
        discussion: """
            Keeps processes that answer on the UNIX socket web.socket. SIGTERM finishes what is under way and ends; SIGHUP
            replaces the processes one after another. With GATEWAY_INTERFACE in the environment it answers that one CGI
            request instead.
            """)

    @OptionGroup var settingsOption: SettingsOption
    @Flag(help: "Be one of the processes: the listening socket is standard input.") var serve = false

    func run() throws {
        if serve { try FreedMemory.wipe() }
        Signals.block(Supervisor.signals)
        let environment = ProcessInfo.processInfo.environment
        let settings = try settingsOption.load(needing: Needed.web)
        let configuration = try settings.webConfiguration()
        if CGI.isCGI(environment) {
            try WebProcess.answerCGI(configuration, environment: environment)
        } else if serve {
            try answer(configuration)
        } else {
            try WebProcess.check(configuration)
            try requireSchema(settings)
            try supervise(settings, environment)
        }
    }

    private func answer(_ configuration: WebConfiguration) throws {
        Signals.becomeUndumpable()
        let stop = try Children.stopDescriptor()
        try WebProcess.serve(configuration, listening: 0, stop: stop, whenReady: Supervised.announce)
    }

    /// A database that is away is no reason not to start: requests are answered with 503 until it is back.
    private func requireSchema(_ settings: Settings) throws {
        guard var database = try? Connection(try settings.required(Declared.webDatabase)) else { return }
        try Migrations.requireVersion(series: "portal", in: PortalSchema.versions, connection: &database)
    }

    private func supervise(_ settings: Settings, _ environment: [String: String]) throws {
        let listening = try listenUNIX(path: try settings.required(Declared.webSocket))
        let arguments = ["web", "--serve"] + settingsOption.arguments
        let members = try (1...(try settings.required(Declared.webProcesses))).map { number in
            try Children.member(
                "web process \(number)", arguments, listening: listening, mayOverlap: true, environment: environment)
        }
        try Children.supervise(members, label: "web")
    }
}

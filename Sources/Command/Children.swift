import FastCGI
import FoundationEssentials
import Logging
import Processes

/// The processes of one program: a supervisor that holds the listening socket, and children that get it as standard
/// input.
enum Children {
    /// A child of this same program, with these arguments and this environment.
    static func member(
        _ name: String, _ arguments: [String], listening: Int32?, mayOverlap: Bool, environment: [String: String]
    ) throws -> Supervisor.Member {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return Supervisor.Member(name, mayOverlap: mayOverlap) {
            var spawn = Spawn(program, arguments, environment: environment)
            if let listening { spawn.standardInput = .descriptor(listening) }
            return spawn
        }
    }

    /// Until SIGTERM or SIGINT, and until all children have ended.
    static func supervise(_ members: [Supervisor.Member], label: String) throws {
        let log = Logger(label: label)
        var supervisor = Supervisor(members) { log.error("\($0)") }
        try supervisor.run()
    }

    /// A descriptor that can be read once this process is asked to end. Signals must be blocked.
    static func stopDescriptor() throws -> Int32 {
        let (reading, writing) = try Pipe().release()
        _ = try Thread.start(name: "signals") {
            _ = Signals.wait([Signals.terminate, Signals.interrupt])
            _ = Descriptor(writing)  // Closes it.
        }
        return reading
    }
}

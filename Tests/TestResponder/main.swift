import FastCGI
import Glibc
import Processes

// TestResponder serve | cgi | supervise COUNT SOCKET | keep GRACE PROGRAM ARGUMENT...

Signals.ignorePipe()
Signals.block(Supervisor.signals)
let words = CommandLine.arguments

do {
    switch words.dropFirst().first {
    case "serve": try Responder.serve()
    case "cgi": try Responder.answerCGI()
    case "supervise" where words.count == 4:
        let listening = try listenUNIX(path: words[3])
        let members = (1...(Int(words[2]) ?? 1)).map { number in
            Supervisor.Member("child \(number)", mayOverlap: true) {
                var spawn = Spawn(words[0], ["serve"], environment: Responder.environment)
                spawn.standardInput = .descriptor(listening)
                return spawn
            }
        }
        var supervisor = Supervisor(members) { StandardError.write(line: $0) }
        try supervisor.run(graceMilliseconds: 60_000)
    case "keep" where words.count > 3:
        let environment = ["PATH": "/usr/bin:/bin"]
        let member = Supervisor.Member("the child", mayOverlap: false) {
            Spawn(words[3], Array(words.dropFirst(4)), environment: environment)
        }
        var supervisor = Supervisor([member]) { StandardError.write(line: $0) }
        try supervisor.run(graceMilliseconds: Int(words[2]) ?? 0)
    default: exit(64)
    }
} catch {
    StandardError.write(line: "\(error)")
    exit(1)
}

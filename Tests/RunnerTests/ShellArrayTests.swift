import JSON
import JobManifest
import Processes
import TestSupport
import Testing

/// A shell's function, or a command, for each element of a child's span.
struct ShellArrayTests {
    @Test(arguments: ["bash", "sh"])
    func shellSourcesOnceAndAsksASubshellForEach(shell: String) throws {
        let job = try TestJob(
            """
            set -e
            echo "sourced" >&2
            f() {
                read -r line
                [ "$line" = "$1" ]
                n=$((${n:-0} + 1))
                case $1 in
                    1) exit 4 ;;
                    2) false; echo never ;;
                    3) kill -9 $(sh -c 'echo $PPID') ;;
                    4) echo plain text ;;
                    5) ;;
                    6) printf '%0100d' 0 ;;
                    7) printf '\\377' ;;
                    *) printf '{"n": %s,\\n "e": %s}\\n' "$n" "$1" ;;
                esac
            }
            """, JobManifest.Code.shell)
        try job.map((0..<8).map(String.init) + [#""$(x) \\ `y` 'größe'""#], workers: 2)
        job.manifest.limits.resultBytes = 50
        let bin = job.folder.file("bin")
        try job.only([shell, "sh", "mkfifo"], in: bin)
        job.environment["PATH"] = bin
        let ended = try job.end(of: job.start())
        #expect(ended.exit == .code(1))
        #expect(ended.log.components("sourced\n") == 1)
        #expect(
            try job.results() == [
                0: #"{"n":1,"e":0}"#, 1: "evaluationFailed: It ended with exit code 4.",
                2: "evaluationFailed: It ended with exit code 1.", 3: "evaluationFailed: It was ended by signal 9.",
                4: #""plain text""#, 5: "null",
                6: "tooLarge: The result has more than 50 bytes, the most there may be.",
                7: "invalid: What it wrote is neither JSON nor UTF-8.",
                8: #"{"n":1,"e":"$(x) \\ `y` 'größe'"}"#,
            ])
    }

    @Test func shellsOutputsAreNotMistakenForEachOther() throws {
        let job = try TestJob("f() { echo $1; }", JobManifest.Code.shell)
        try job.map((0..<500).map(String.init), workers: 2)
        #expect(try job.start().wait() == .code(0))
        #expect(try job.results() == Dictionary(uniqueKeysWithValues: (0..<500).map { ($0, String($0)) }))
    }

    @Test func aFunctionThatIsNotThere() throws {
        let job = try TestJob("echo hi", JobManifest.Code.shell)
        try job.map(["1"], function: "nosuch")
        let child = try job.start()
        #expect(child.wait() == .code(1))
        #expect(
            try job.outcome(child: 0)?.messages.contains { $0.contains("defines no function nosuch, and") } == true)
    }

    @Test func aCommandGetsTheElementAsItsLastArgumentAndOnStandardInput() throws {
        let job = try TestJob { _ in
            .command(["sh", "-c", #"read -r line; printf '["%s", %s, %s]' "$1" "$2" "$line""#, "x", "a'b"])
        }
        try job.map(["1", #"{"a":2}"#])
        let child = try job.start()
        #expect(child.wait() == .code(0))
        #expect(try job.results() == [0: #"["a'b",1,1]"#, 1: #"["a'b",{"a":2},{"a":2}]"#])
    }
}

extension String {
    fileprivate func components(_ part: String) -> Int { ranges(of: part).count }
}

extension TestJob {
    /// A folder of links to these programs alone.
    fileprivate func only(_ programs: [String], in folder: String) throws {
        try Folder.create(folder)
        for program in programs {
            let target = File.exists("/bin/\(program)") ? "/bin/\(program)" : "/usr/bin/\(program)"
            let made = try Spawn("/bin/ln", ["-sf", target, folder + "/" + program]).start().wait()
            #expect(made == .code(0))
        }
    }
}

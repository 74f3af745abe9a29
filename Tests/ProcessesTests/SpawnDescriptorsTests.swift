import Glibc
import Processes
import Testing

struct SpawnDescriptorsTests {
    private func output(of code: String, _ descriptors: [Int32: Int32]) throws -> String {
        let pipe = try Pipe()
        var spawn = Spawn("/bin/bash", ["-c", code], environment: ["PATH": "/usr/bin:/bin"])
        spawn.standardOutput = .descriptor(pipe.writing.number)
        spawn.descriptors = descriptors
        let child = try spawn.start()
        let reading = pipe.readingEnd()
        var text: [UInt8] = []
        while case let piece = try reading.read(max: 4096), !piece.isEmpty { text += piece }
        #expect(child.wait() == .code(0))
        return String(decoding: text, as: UTF8.self)
    }

    /// Ours may have the very numbers that the child is to find, crosswise.
    @Test func noneDisplacesAnother() throws {
        let first = try Pipe()
        let second = try Pipe()
        try first.writing.write(Array("first\n".utf8))
        try second.writing.write(Array("second\n".utf8))
        let (a, b) = (first.reading.number, second.reading.number)
        let text = try output(of: "read -r x <&\(a); read -r y <&\(b); echo $x $y", [a: b, b: a])
        #expect(text == "second first\n")
    }

    @Test func nothingElseIsInherited() throws {
        let open = unsafe Glibc.open("/dev/null", O_RDONLY)
        defer { close(open) }
        let pipe = try Pipe()
        let text = try output(of: "ls /proc/self/fd | tr '\\n' ' '", [7: pipe.reading.number])
        // 3 is ls's own.
        #expect(text == "0 1 2 3 7 ")
    }
}

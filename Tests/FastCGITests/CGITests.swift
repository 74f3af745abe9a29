import Processes
import TestSupport
import Testing

/// The same program as plain CGI: variables, standard input, standard output.
struct CGITests {
    private func run(
        _ variables: [String: String], input: [UInt8] = [], leavesOpen: Bool = false
    ) throws -> (exit: Exit, output: String) {
        let folder = try TestFolder()
        let pipe = try Pipe()
        var spawn = Spawn(try BuiltProgram.path("TestResponder"), ["cgi"])
        spawn.environment = variables
        spawn.environment["TEST_REPORT"] = folder.file("report")
        spawn.standardInput = .descriptor(pipe.reading.number)
        spawn.standardOutput = .append(folder.file("output"))
        let child = try spawn.start()
        try pipe.writing.write(input)
        if leavesOpen {
            let exit = child.wait()
            return (exit, String(decoding: try folder.read("output"), as: UTF8.self))
        }
        _ = pipe.readingEnd()
        return (child.wait(), String(decoding: (try? folder.read("output")) ?? [], as: UTF8.self))
    }

    private let base = [
        "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "POST", "REQUEST_URI": "/a?b=1", "REMOTE_ADDR": "192.0.2.9",
        "HTTP_X_A": "1", "HTTP_PROXY": "evil",
    ]

    @Test func oneRequest() throws {
        let (exit, output) = try run(
            base.merging(["CONTENT_LENGTH": "3", "CONTENT_TYPE": "text/x"]) { $1 }, input: Array("abc".utf8))
        #expect(exit == .code(0))
        #expect(output.hasPrefix("Status: 200 OK\r\n"))
        let lines = output.split(separator: "\r\n\r\n").last?.split(separator: "\n").map(String.init) ?? []
        #expect(lines.prefix(5) == ["POST /a?b=1", "scheme http", "remote 192.0.2.9", "length 3", "body 3 294"])
        #expect(Set(lines.dropFirst(5)) == ["content-type: text/x", "x-a: 1"])
    }

    /// The server may leave its end open: only the announced bytes count.
    @Test func doesNotWaitForTheEndOfInput() throws {
        let (exit, output) = try run(
            base.merging(["CONTENT_LENGTH": "3"]) { $1 }, input: Array("abcdef".utf8), leavesOpen: true)
        #expect(exit == .code(0))
        #expect(output.contains("body 3 294"))
    }

    @Test func aBrokenOffBody() throws {
        let (_, output) = try run(base.merging(["CONTENT_LENGTH": "10"]) { $1 }, input: Array("abc".utf8))
        #expect(output.hasPrefix("Status: 400 Bad Request\r\n"))
        #expect(output.hasSuffix("truncated"))
    }

    @Test(arguments: ["-1", "+3", "3x", "0x3", "99999999999999999999"])
    func lengthsThatAreNone(length: String) throws {
        let (_, output) = try run(base.merging(["CONTENT_LENGTH": length]) { $1 })
        #expect(output.hasPrefix("Status: 400 Bad Request\r\n"))
    }

    @Test func withoutItsVariablesItIsNoCGI() throws {
        #expect(try run(["REQUEST_METHOD": "GET"]).exit == .code(65))
        #expect(try run(["GATEWAY_INTERFACE": "CGI/1.1"]).exit == .code(65))
    }

    @Test func withoutStateItIsRefused() throws {
        let (_, output) = try run(base.merging(["TEST_READY": "/nowhere"]) { $1 })
        #expect(output.hasPrefix("Status: 503 Service Unavailable\r\n"))
    }
}

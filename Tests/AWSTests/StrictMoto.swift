import AWS
import FoundationEssentials
import HTTPClient
import JSON
import Processes
import Testing

/// moto with signatures and permissions checked (strict_moto.py); `BATCHPORT_TEST_PYTHON` names a Python that has it.
/// One for all tests; it ends with this process, when its standard input does.
final class StrictMoto: Sendable {
    static let shared = Result { try StrictMoto() }

    let url: String
    private let keys: JSONValue
    private let input: Pipe

    private init() throws {
        input = try Pipe()
        let output = try Pipe()
        let script = "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/") + "/strict_moto.py"
        let environment = ProcessInfo.processInfo.environment
        let python = environment["BATCHPORT_TEST_PYTHON"] ?? "python3"
        var moto = Spawn("/usr/bin/env", [python, script], environment: environment)
        moto.standardInput = .descriptor(input.reading.number)
        moto.standardOutput = .descriptor(output.writing.number)
        let child = try moto.start()
        do {
            url = try Self.firstLine(output.reading)
            var http = HTTPClient(.init(isAllowed: { $0.address == [127, 0, 0, 1] }))
            keys = try JSONValue.parse(try http.send(.init(url: url + "/keys")).body)
        } catch {
            child.signal(Signals.kill)
            throw error
        }
    }

    /// `tester`, who may do everything, or `nobody`, who may do nothing.
    func credentials(_ user: String, secret: String? = nil) throws -> AWSCredentials {
        let own = try #require(keys[user]?["secretAccessKey"]?.string)
        let id = try #require(keys[user]?["accessKeyID"]?.string)
        return AWSCredentials(accessKeyID: id, secretAccessKey: secret ?? own)
    }

    func client(in region: String) throws -> AWSClient {
        let endpoints = try AWSEndpoints(overrides: [region: url])
        return AWSClient(
            endpoints: endpoints, http: HTTPClient(.init(isAllowed: endpoints.mayReach)),
            now: { Clock.milliseconds() })
    }

    private static func firstLine(_ output: borrowing Descriptor) throws -> String {
        var line: [UInt8] = []
        while line.last != UInt8(ascii: "\n") {
            let isThere = output.isReadable(milliseconds: 60_000)
            let byte = isThere ? try output.read(max: 1) : []
            try #require(!byte.isEmpty, "moto did not start: what it said stands on standard error")
            line += byte
        }
        return String(decoding: line.dropLast(), as: UTF8.self)
    }
}

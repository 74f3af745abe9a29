import AWS
import Cryptography
import FoundationEssentials
import HTTPClient
import JobManifest
import Processes
import TestSupport
import Testing

/// A job in a bucket of its own, and the real runner to run it.
final class TestJob {
    let address: ManifestAddress
    var environment: [String: String]
    var manifest: JobManifest
    /// What the runner and its code print, the folder they start in, and TMPDIR.
    let folder: TestFolder
    private var client: AWSClient
    private static let region = "us-east-1"
    private static let keys = AWSCredentials(accessKeyID: "test", secretAccessKey: "test")

    /// `code` takes the stored source.
    init(_ source: String = "", _ code: (StoredObject) -> JobManifest.Code) throws {
        folder = try TestFolder()
        let name = UUID().uuidString.lowercased()
        address = ManifestAddress(bucket: "job-\(name)", keys: try #require(JobKeys(prefix: "p/", job: name)))
        let endpoint = try S3.endpoint.get()
        environment = [
            "AWS_REGION": Self.region, "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test", "PATH": "/usr/bin:/bin", "TMPDIR": folder.path,
        ]
        client = try S3.client(Self.region)
        try S3.createBucket(address.bucket)
        let object = StoredObject(key: address.keys.code, size: source.utf8.count, sha256: Self.digest(source))
        manifest = JobManifest(job: name, code: code(object))
        try put(Array(source.utf8), object.key)
        try FileManager.default.createDirectory(
            atPath: folder.file("start"), withIntermediateDirectories: false)
    }

    func addInput(_ name: String, _ text: String) throws {
        let key = address.keys.upload("\(manifest.inputFiles.count)")
        manifest.inputFiles.append(
            .init(name: name, object: .init(key: key, size: text.utf8.count, sha256: Self.digest(text))))
        try put(Array(text.utf8), key)
    }

    struct Ended {
        let exit: Exit
        let outcome: Outcome?
        /// What it printed on standard output and error.
        let log: String
    }

    func run() throws -> Ended { try end(of: start()) }

    func start(arguments: [String]? = nil, standardOutput: Int32? = nil) throws -> Child {
        try start(manifest: manifest.bytes, arguments: arguments, standardOutput: standardOutput)
    }

    /// `manifest`: what lies in its place, if anything; `standardOutput`: instead of the log.
    func start(manifest: [UInt8]?, arguments: [String]? = nil, standardOutput: Int32? = nil) throws -> Child {
        if let manifest { try put(manifest, address.keys.manifest) }
        var spawn = Spawn(try Self.runner(), arguments ?? [address.description], environment: environment)
        spawn.workingDirectory = folder.file("start")
        spawn.standardOutput = standardOutput.map { .descriptor($0) } ?? .append(folder.file("log"))
        spawn.standardError = .append(folder.file("log"))
        return try spawn.start()
    }

    func end(of child: Child) throws -> Ended {
        let exit = child.wait()
        let log = try folder.read("log")
        let attempt = environment["AWS_BATCH_JOB_ATTEMPT"].flatMap { Int($0) } ?? 1
        let bytes = try object(address.keys.outcome(attempt: attempt))
        let outcome = try bytes.map { try Outcome(bytes: $0) }
        if let outcome { #expect(outcome.holds(address.keys, attempt: attempt)) }
        return Ended(exit: exit, outcome: outcome, log: String(decoding: log, as: UTF8.self))
    }

    func output(_ path: String, attempt: Int = 1) throws -> String? {
        try object(address.keys.output(path, attempt: attempt)).map { String(decoding: $0, as: UTF8.self) }
    }

    func put(_ bytes: [UInt8], _ key: String) throws {
        try client.put(bytes, bucket: address.bucket, key: key, by: Self.keys, in: Self.region)
    }

    /// Nil if it is not there.
    func object(_ key: String) throws -> [UInt8]? {
        do throws(AWSError) {
            return try client.get(
                bucket: address.bucket, key: key, maxBytes: 64 << 20, by: Self.keys, in: Self.region)
        } catch  where error.isNotFound { return nil }
    }

    func head(_ key: String) throws -> ObjectHead {
        try client.head(bucket: address.bucket, key: key, by: Self.keys, in: Self.region)
    }

    /// Beside the tests' own program.
    private static func runner() throws -> String {
        let path = CommandLine.arguments[0].split(separator: "/").dropLast().joined(separator: "/")
        let runner = "/\(path)/batchport-runner"
        return try #require(File.isExecutable(runner) ? runner : nil, "no runner at \(runner)")
    }

    private static func digest(_ text: String) -> String { hex(sha256(Array(text.utf8))) }
}

/// S3 by moto: one server for all tests.
enum S3 {
    static let endpoint = Result {
        try server.map { try $0.get().url } ?? ProcessInfo.processInfo.environment[variable]
    }
    .flatMap { url in url.map { .success($0) } ?? .failure(PythonServer.ServerDidNotStart()) }

    private static let variable = "BATCHPORT_TEST_MOTO"
    /// Nil if one runs already.
    private static let server: Result<PythonServer, any Error>? =
        ProcessInfo.processInfo.environment[variable] == nil ? Result { try PythonServer.moto() } : nil

    static func client(_ region: String) throws -> AWSClient {
        let endpoints = try AWSEndpoints(overrides: [region: try endpoint.get()])
        let http = HTTPClient(.init(isAllowed: { endpoints.mayReach($0) }))
        return AWSClient(endpoints: endpoints, http: http, now: { Clock.milliseconds() })
    }

    static func createBucket(_ name: String) throws {
        var http = HTTPClient(.init(isAllowed: { _ in true }))
        let made = try http.send(.init(method: "PUT", url: "\(try endpoint.get())/\(name)"))
        try #require(made.status == 200)
    }
}

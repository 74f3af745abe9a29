import Settings
import TestSupport
import Testing

struct SettingsTests {
    private static let threads = Setting("web.threads", .integer(1...4), default: 4)
    private static let socket = Setting("web.socket", .absolutePath)
    private static let pepper = Setting("web.pepper", .hex(4...8), isSecret: true)
    private static let origin = Setting("origin", .origin)
    private static let endpoints = SettingFamily("aws.endpoint.", .origin)
    private static let declared = [
        threads.declaration, socket.declaration, pepper.declaration, origin.declaration, endpoints.declaration,
    ]

    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    private func load(_ text: String?, _ environment: [String: String] = [:]) throws -> Settings {
        if let text { try folder.write(Array(text.utf8), to: "web.conf") }
        return try Settings(
            file: text.map { _ in folder.file("web.conf") }, environment: environment, declared: Self.declared)
    }

    private func problems(_ text: String?, _ environment: [String: String] = [:]) -> [String] {
        do {
            _ = try load(text, environment)
            return []
        } catch {
            let found = (error as? SettingsError)?.problems ?? ["\(error)"]
            return found.map { $0.split(separator: folder.path + "/").joined() }
        }
    }

    @Test func fileThenEnvironmentThenDefault() throws {
        let text = "# of a site\r\n\n  web.socket = /run/a = b.sock  \r\norigin=https://a.example/\n"
        let settings = try load(text, ["BATCHPORT_ORIGIN": "http://127.0.0.1:8080", "PATH": "/bin"])
        #expect(settings.value(Self.socket) == "/run/a = b.sock")
        #expect(settings.value(Self.origin) == "http://127.0.0.1:8080")
        #expect(settings.value(Self.threads) == 4)
        #expect(settings.value(Self.pepper) == nil)
        #expect(settings.values(Self.endpoints) == [:])
    }

    @Test func families() throws {
        let text = "aws.endpoint.us-local-1 = http://127.0.0.2:8080\naws.endpoint.eu-west-1.s3=https://s3.example"
        #expect(
            try load(text).values(Self.endpoints) == [
                "us-local-1": "http://127.0.0.2:8080", "eu-west-1.s3": "https://s3.example",
            ])
    }

    @Test func secretsInFilesOfTheirOwn() throws {
        try folder.write(Array("00ff10Ab\n".utf8), to: "pepper")
        let path = folder.file("pepper")
        #expect(try load("web.pepper_file = \(path)").value(Self.pepper) == [0, 255, 16, 0xAB])
        #expect(
            try load("web.pepper = 01020304", ["BATCHPORT_WEB_PEPPER_FILE": path]).value(Self.pepper)
                == [0, 255, 16, 0xAB])
        #expect(
            try load("web.pepper_file = \(path)", ["BATCHPORT_WEB_PEPPER": "01020304"]).value(Self.pepper)?.first == 1)
    }

    @Test(arguments: [
        ("web.thread = 4", "web.thread (line 1 of web.conf) is no setting."),
        ("web.socket_file = /x", "web.socket_file (line 1 of web.conf) is no setting."),
        ("\nnonsense", "Line 2 of web.conf is neither \"name = value\" nor a comment."),
        ("web.threads = 5", "web.threads (line 1 of web.conf) must be a whole number from 1 to 4."),
        ("web.threads = +1", "web.threads (line 1 of web.conf) must be a whole number from 1 to 4."),
        ("web.threads =", "web.threads (line 1 of web.conf) must be a whole number from 1 to 4."),
        ("web.threads=1\nweb.threads=1", "web.threads is set twice: by line 1 of web.conf and by line 2 of web.conf."),
        ("web.socket = run/x", "web.socket (line 1 of web.conf) must be an absolute path."),
        (
            "aws.endpoint. = http://a",
            "aws.endpoint. (line 1 of web.conf): one or two names in small letters must follow."
        ),
        (
            "aws.endpoint.a.b.c = http://a",
            "aws.endpoint.a.b.c (line 1 of web.conf): one or two names in small letters must follow."
        ),
        ("web.pepper = 0102", "web.pepper (line 1 of web.conf) must be 4 to 8 bytes as hexadecimal digits."),
    ])
    func refusals(text: String, problem: String) {
        #expect(problems(text) == [problem])
    }

    @Test(arguments: [
        "ftp://a", "http://", "http://a/b", "http://a:0", "http://a:65536", "http://a:b", "http://a:1:2",
        "http://A.example", "http://u@a", "a.example", "http://a:080",
    ])
    func noOrigins(text: String) {
        #expect(problems("origin = \(text)").count == 1)
    }

    @Test func unknownVariablesStop() {
        #expect(
            problems(nil, ["BATCHPORT_WEB_TREADS": "1", "BATCHPORT_SETTINGS": "x", "BATCHPORT_TEST_POSTGRES": "x"]) == [
                "BATCHPORT_WEB_TREADS in the environment is no setting."
            ])
        #expect(problems(nil, ["BATCHPORT_AWS_ENDPOINT_X": "http://a"]).count == 1)
    }

    @Test func allProblemsAtOnceAndNoValues() {
        let found = problems(
            "web.threads = s3cret\nweb.pepper = s3cret\nweb.pepper_file = /nowhere/x\n?\n", ["BATCHPORT_X": "s3cret"])
        #expect(found.count == 5)
        #expect(!found.contains { $0.contains("s3cret") })
    }

    @Test func absentFilesAndNames() throws {
        let error = #expect(throws: SettingsError.self) {
            try Settings(file: folder.file("absent"), environment: [:], declared: Self.declared)
        }
        #expect(error?.problems.first?.contains("No such file") == true)
        let missing = #expect(throws: SettingsError.self) { try load("").require(Self.declared) }
        #expect(missing?.problems.count == 3)
        #expect(missing?.description.contains("web.socket is not set") == true)
        #expect(missing?.description.contains("BATCHPORT_WEB_SOCKET") == true)
    }
}

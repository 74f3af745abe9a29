import JSON
import Testing

@testable import JobManifest

private let uuid = "0b8f6c1e-93a4-4a57-8d55-2f4c7e1a9b30"
private let digest = String(repeating: "a0", count: 32)
private let source = StoredObject(key: "p/jobs/\(uuid)/code", size: 12, sha256: digest)

@Suite struct JobManifestTests {
    @Test(arguments: [
        JobManifest(job: uuid, code: .shell(source)),
        JobManifest(job: uuid.uppercased(), code: .command(["/bin/echo", "", "größe"])),
        JobManifest(
            job: uuid, code: .python(source),
            inputFiles: [.init(name: "a b.csv", object: source), .init(name: "größe.csv", object: source)],
            environment: ["MODE": "fast", "EMPTY": ""], vcpus: 4),
    ])
    func goesThereAndBack(manifest: JobManifest) throws {
        #expect(try JobManifest(bytes: manifest.bytes) == manifest)
    }

    @Test func isStoredLikeThis() {
        let manifest = JobManifest(
            job: uuid, code: .python(source), inputFiles: [.init(name: "a.csv", object: source)],
            environment: ["MODE": "fast"])
        let object = "\"key\":\"p/jobs/\(uuid)/code\""
        #expect(
            String(decoding: manifest.bytes, as: UTF8.self) == """
                {"code":{\(object),"sha256":"\(digest)","size":12},"environment":{"MODE":"fast"},\
                "inputFiles":[{\(object),"name":"a.csv","sha256":"\(digest)","size":12}],"job":"\(uuid)",\
                "jobType":"Single","language":"python","limits":{"outputFiles":10000,"resultBytes":1048576},\
                "resultFormat":"json","version":1}
                """)
    }

    @Test func ignoresNewerMembers() throws {
        let manifest = JobManifest(job: uuid, code: .shell(source))
        let newer = try edited(manifest, "workers", .object([.init("count", 4)]))
        #expect(try JobManifest(bytes: newer) == manifest)
    }

    @Test func limitsThatAreNotSaidAreTheDefaults() throws {
        let manifest = JobManifest(job: uuid, code: .shell(source))
        #expect(try JobManifest(bytes: edited(manifest, "limits", .object([]))).limits == .init())
        let some = try JobManifest(bytes: edited(manifest, "limits", ["resultBytes": 0])).limits
        #expect(some.resultBytes == 0)
        #expect(some.outputFiles == 10_000)
        // Null takes the member out: an older portal does not write it.
        #expect(try JobManifest(bytes: edited(manifest, "limits", nil)) == manifest)
    }

    @Test(
        arguments: [
            ("version", 2, "/version", "is 2, but"), ("version", 0, "/version", "is 0"),
            ("version", "1", "/version", "whole number"), ("job", "x", "/job", "not a JobUUID"),
            ("job", nil, "/job", "missing"), ("jobType", "Many", "/jobType", "known are Single"),
            ("language", "perl", "/language", "known are shell, python, wolfram, command"),
            ("resultFormat", "xml", "/resultFormat", "known are json"), ("code", nil, "/code", "missing"),
            ("code", ["key": "k", "size": -1, "sha256": ""], "/code/size", "zero or more"),
            ("code", ["key": "k", "size": 1, "sha256": "A0"], "/code/sha256", "64 lower-case"),
            ("inputFiles", [1], "/inputFiles/0", "must be an object"),
            ("inputFiles", [["name": "../x"]], "/inputFiles/0/name", "slash"),
            ("inputFiles", [["name": "main.py"]], "/inputFiles/0/name", "kept for Batchport"),
            ("environment", ["A": 1], "/environment/A", "must be a string"),
            ("environment", ["A~/B": "x"], "/environment/A~0~1B", "letters, digits"),
            ("environment", ["BATCHPORT_JOB": "x"], "/environment/BATCHPORT_JOB", "may not begin"),
            ("environment", ["A": "x\0"], "/environment/A", "NUL"), ("vcpus", 0, "/vcpus", "at least 1"),
            ("limits", ["outputFiles": -1], "/limits/outputFiles", "zero or more"),
        ] as [(String, JSONValue, String, String)])
    func refuses(member: String, value: JSONValue, pointer: String, words: String) throws {
        let bytes = try edited(JobManifest(job: uuid, code: .shell(source)), member, value)
        let error = try #require(throws: DocumentError.self) { try JobManifest(bytes: bytes) }
        #expect(error.pointer == pointer)
        #expect(error.description.contains(words))
    }

    @Test func refusesANameTwice() throws {
        let file = JobManifest.InputFile(name: "a", object: source)
        let bytes = JobManifest(job: uuid, code: .shell(source), inputFiles: [file, file]).bytes
        let error = try #require(throws: DocumentError.self) { try JobManifest(bytes: bytes) }
        #expect(error.pointer == "/inputFiles/1/name")
    }

    @Test(arguments: [[], [""], ["a\0"]])
    func refusesCommands(argv: [String]) {
        let bytes = JobManifest(job: uuid, code: .command(argv)).bytes
        #expect(throws: DocumentError.self) { try JobManifest(bytes: bytes) }
    }

    @Test(arguments: ["", "{", "[]", "{\"version\":1,\"version\":1}"])
    func refusesWhatIsNoDocument(text: String) {
        #expect(throws: DocumentError.self) { try JobManifest(bytes: Array(text.utf8)) }
    }
}

@Suite struct OutcomeTests {
    private let keys = JobKeys(prefix: "p", job: uuid)

    private var complete: Outcome {
        var outcome = Outcome(
            job: uuid, attempt: 2, phase: .complete,
            result: .stored(.init(key: "p/jobs/\(uuid)/attempts/2/result.json", size: 2, sha256: digest)))
        outcome.exit = .code(7)
        outcome.startedAt = 1_700_000_000_000
        outcome.stoppedAt = 1_700_000_004_000
        outcome.cpuMilliseconds = 3_900
        outcome.elapsedMilliseconds = 4_000
        outcome.peakMemoryKiB = 10_240
        outcome.outputs = [
            .init(
                path: "a/b.csv",
                object: .init(key: "p/jobs/\(uuid)/attempts/2/output/a/b.csv", size: 5_000_000_000, sha256: digest),
                contentType: "text/csv")
        ]
        outcome.messages = ["SIGTERM was passed on."]
        return outcome
    }

    @Test func goesThereAndBack() throws {
        #expect(try Outcome(bytes: complete.bytes) == complete)
        var early = Outcome(job: uuid, attempt: 1, phase: .download, result: .missing(.failed, detail: "No code."))
        #expect(try Outcome(bytes: early.bytes) == early)
        early.exit = .signal(9)
        #expect(try Outcome(bytes: early.bytes).exit?.status == 137)
    }

    @Test func holdsItsOwnKeysOnly() throws {
        let keys = try #require(keys)
        #expect(complete.holds(keys, attempt: 2))
        #expect(!complete.holds(keys, attempt: 1))
        var foreign = complete
        foreign.outputs = [.init(path: "x", object: source, contentType: "text/plain")]
        #expect(!foreign.holds(keys, attempt: 2))
        foreign = complete
        foreign.result = .stored(source)
        #expect(!foreign.holds(keys, attempt: 2))
    }

    @Test(
        arguments: [
            ("outputs", [["path": "../x"]], "/outputs/0/path"), ("phase", "dreaming", "/phase"),
            ("result", ["missing": ["cause": "mood", "detail": ""]], "/result/missing/cause"),
            ("exitCode", -1, "/exitCode"), ("messages", [1], "/messages/0"),
        ] as [(String, JSONValue, String)])
    func refuses(member: String, value: JSONValue, pointer: String) throws {
        let bytes = try edited(complete.bytes, member, value)
        let error = try #require(throws: DocumentError.self) { try Outcome(bytes: bytes) }
        #expect(error.pointer == pointer)
        #expect(error.document == "outcome")
    }
}

private func edited(_ manifest: JobManifest, _ member: String, _ value: JSONValue) throws -> [UInt8] {
    try edited(manifest.bytes, member, value)
}

/// The document with one member set, or taken out by null.
private func edited(_ bytes: [UInt8], _ member: String, _ value: JSONValue) throws -> [UInt8] {
    let members = try JSONValue.parse(bytes).members ?? []
    return JSONValue.object(members.filter { $0.name != member } + [.init(member, value)]).serialized()
}

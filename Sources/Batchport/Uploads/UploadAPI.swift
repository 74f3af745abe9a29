import Cryptography
import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import Tasks

/// Files for later submissions: announce, send the bytes, see what became of it.
enum UploadAPI {
    static let routes: [Route] = [
        .json("POST", "/api/v1/uploads", .token(.jobsSubmit), announce),
        .upload("PUT", "/api/v1/uploads/*/content", .token(.jobsSubmit), receive),
        .get("/api/v1/uploads/*", .token(.jobsSubmit), one),
    ]

    private static func announce(_ call: Call, _ body: JSONValue, _ scope: inout Scope) throws -> Response {
        var reader = ObjectReader(body)
        let environmentName = reader.string("environment") ?? ""
        let name = reader.string("name") ?? ""
        let size = reader.integer("size")
        let hash = reader.string("sha256")
        try reader.done()
        var problems = InputFileRules.problems([name], atMost: 1, at: "/name")
        let environment = try scope.database.usableEnvironment(environmentName)
        if environment == nil { problems.append(.unknownEnvironment) }
        if let closed = environment?.whyClosed { problems.append(closed) }
        let limit = environment?.limits.uploadBytes ?? 0
        let whose = environment?.limits.allowed(.uploadBytes) ?? ""
        if let size, size < 0 {
            problems.append(.init("/size", "tooSmall", "The size must not be negative.", limit: 0))
        }
        if let size, environment != nil, Int64(size) > limit {
            problems.append(
                .init(
                    "/size", "tooLarge", "The file has more than the \(Words.size(limit)) \(whose).",
                    limit: Int(limit)))
        }
        if size == nil { problems.append(.init("/size", "missing", "The size in bytes is needed.")) }
        let digest = hash.flatMap(unhex)
        if hash != nil, digest?.count != 32 {
            problems.append(.init("/sha256", "malformed", "The SHA-256 must be 64 hexadecimal digits."))
        }
        guard problems.isEmpty, let environment, let size else { throw Failure.unfit(problems) }
        let owner = try scope.identity().person
        let id = try scope.database.announceUpload(
            owner: owner, environment: environment.id, name: name, size: Int64(size), sha256: digest,
            isDirect: Int64(size) > environment.limits.inlineBytes, isForLater: true)
        guard let upload = try scope.database.upload(id) else { throw Failure.unexpected }
        var answer = upload.json
        if upload.isDirect {
            answer = .object((answer.members ?? []) + [.init("form", try Self.form(id, &scope))])
        }
        var response = Response.json(answer, status: 201)
        response.headers.set("Location", "/api/v1/uploads/" + id.lower)
        return response
    }

    /// Without its form nobody can send the file: the announcement is taken back.
    private static func form(_ id: UUID, _ scope: inout Scope) throws -> JSONValue {
        do {
            return try Links.uploadForm(id, &scope)
        } catch {
            try scope.database.execute("DELETE FROM uploads WHERE id = \(id) AND state = 'open'")
            throw error
        }
    }

    private static func receive(_ call: Call, _ body: inout RequestBody, _ scope: inout Scope) throws -> Response {
        let id = try call.id(0)
        guard let upload = try scope.database.upload(id) else { throw Failure.notFound }
        guard !upload.isDirect else {
            throw Failure.conflict("This file goes straight to the bucket, by the form that was given for it.")
        }
        guard upload.state == .open else { throw Failure.conflict("This upload has its bytes already.") }
        try scope.database.execute("DELETE FROM upload_chunks WHERE upload = \(id)")
        _ = try scope.database.receive(
            upload: id, limit: upload.size ?? 0, announced: (upload.size ?? 0, upload.sha256)
        ) { most in try body.chunk(max: most) }
        guard let received = try scope.database.upload(id) else { throw Failure.notFound }
        return .json(received.json)
    }

    /// Whether a file has come to the bucket is the worker's to see; asking makes it look.
    private static func one(_ call: Call, _ scope: inout Scope) throws -> Response {
        guard let upload = try scope.database.upload(try call.id(0)) else { throw Failure.notFound }
        if upload.isDirect, upload.state == .open {
            try scope.database.lookForUpload(upload.id)
        }
        return .json(upload.json)
    }
}

extension Upload {
    var json: JSONValue {
        [
            "id": .string(id.lower), "name": .string(name), "size": JSONValue(size),
            "sha256": JSONValue(sha256.map(hex)), "state": .string(state.rawValue), "hasArrived": .bool(hasArrived),
            "trouble": JSONValue(trouble),
            "expiresAt": Instant(expiresAt).json,
        ]
    }
}

extension Failure.Problem {
    init(_ problem: JSONProblem) { self.init(problem.pointer, problem.code, problem.message) }

    static let unknownEnvironment = Failure.Problem(
        "/environment", "unknown", "There is no environment of this name that you may use.")
}

extension Connection {
    /// By id or name, with the asker's own limits; an admin sees all environments, but uses only those granted, as everybody does.
    mutating func usableEnvironment(_ text: String) throws -> BatchEnvironment? {
        if text.utf8.contains(0) { return nil }
        let id = UUID(uuidString: text)
        return try row(
            """
            SELECT \(fragment: BatchEnvironment.columns) FROM environments
            WHERE (id = \(id) OR name = \(text)) AND may_use_environment(id) ORDER BY id = \(id) DESC NULLS LAST LIMIT 1
            """
        ) { try BatchEnvironment($0) }.map { $0.narrowed(to: try ownLimits()) }
    }
}

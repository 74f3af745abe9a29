import Cryptography
import FoundationEssentials
import HTTP
import JSON
import PostgreSQL

enum OutputAPI {
    static let routes: [Route] = [
        .get("/api/v1/jobs/*/outputs", .token(.jobsRead), list),
        .get("/api/v1/jobs/*/outputs/**", .token(.jobsRead), one).costly,
        .get("/api/v1/jobs/*/children/*/outputs", .token(.jobsRead), list),
        .get("/api/v1/jobs/*/children/*/outputs/**", .token(.jobsRead), one).costly,
        .json("POST", "/api/v1/jobs/*/output-links", .token(.jobsRead), links).costly,
        .get("/api/v1/jobs/*/result", .token(.jobsRead), result),
    ]

    private static func list(_ call: Call, _ scope: inout Scope) throws -> Response {
        try Parameters.only(["limit", "cursor"], in: call.request.query)
        let child = call.parameters.count > 1 ? try scope.database.seenChild(call).child : nil
        let job = try scope.database.seen(call)
        let limit = try Numbers.one("limit", in: call.request.query, 1...200) ?? 50
        let found = try scope.database.outputs(
            of: job.id, child: child?.k ?? ArrayChild.none, after: try OutputCursor.read(call.request.query),
            limit: limit + 1)
        let shown = found.prefix(limit)
        let next = found.count > limit ? shown.last.map { OutputCursor.write($0.path) } : nil
        let detail = child.map { $0.captureDetail } ?? job.capture.detail
        let capture: JSONValue =
            job.hasRunner
            ? ["state": .string(child?.capture ?? job.capture.state), "detail": JSONValue(detail)]
            : ["state": "notApplicable", "detail": .string(OutputsView.withoutRunner)]
        let answer: [JSONValue.Member] = [
            .init("items", .array(shown.map(\.json))), .init("nextCursor", JSONValue(next)), .init("capture", capture),
        ]
        let missing = child == nil ? job.notOfArrays(" outputs") : nil
        return .json(.object(answer + (missing.map { [.init("missing", $0.json)] } ?? [])))
    }

    /// A redirect to where the bytes are, or that address as a document.
    private static func one(_ call: Call, _ scope: inout Scope) throws -> Response {
        let child = call.parameters.count > 2 ? try scope.database.seenChild(call).child.k : ArrayChild.none
        let job = try scope.database.seen(call)
        let path = call.parameters[call.parameters.count - 1]
        guard let output = try scope.database.output(of: job.id, child: child, path: path) else {
            throw Failure.notFound
        }
        let answer = try Links.output(.download, job.id, child: child, output.path, &scope)
        if try call.request.header("accept")?.contains("application/json") == true { return .json(answer) }
        guard let url = answer["url"]?.string else { throw Failure.unexpected }
        return .away(to: url)
    }

    private static func links(_ call: Call, _ body: JSONValue, _ scope: inout Scope) throws -> Response {
        let job = try scope.database.seen(call)
        var reader = ObjectReader(body)
        let paths = reader.strings("paths") ?? []
        try reader.done()
        guard (1...1000).contains(paths.count) else {
            throw Failure.unfit([.init("/paths", "count", "There must be 1 to 1,000 paths.", limit: 1000)])
        }
        let known = Set(try scope.database.outputPaths(of: job.id, among: paths))
        let asked = Array(known)
        let answers = Dictionary(
            zip(asked, try Links.outputs(.download, job.id, asked, &scope)), uniquingKeysWith: { first, _ in first })
        let items = paths.map { path -> JSONValue in
            switch answers[path] {
            case .success(let answer)?: .object([.init("path", .string(path))] + (answer.members ?? []))
            case .failure(let failure)?:
                [
                    "path": .string(path),
                    "missing": ["cause": .string(failure.type), "detail": .string(failure.detail)],
                ]
            case nil:
                ["path": .string(path), "missing": ["cause": "notFound", "detail": "The job has no such output."]]
            }
        }
        return .json(["items": .array(items)])
    }

    /// Always 200: a value that is not there says why.
    private static func result(_ call: Call, _ scope: inout Scope) throws -> Response {
        let job = try scope.database.seen(call)
        return .json(try scope.database.result(of: job).json)
    }
}

extension Output {
    var json: JSONValue {
        [
            "path": .string(path), "size": JSONValue(size), "sha256": JSONValue(sha256.map(hex)),
            "contentType": .string(contentType), "attempt": JSONValue(attempt), "goneAt": JobLine.time(goneAt),
        ]
    }
}

extension Result<JobResult, Missing> {
    var json: JSONValue {
        switch self {
        case .success(let result):
            guard let value = try? JSONValue.parse(result.bytes) else {
                return ["missing": Missing(cause: .invalid).json]
            }
            return ["value": value, "format": .string(result.format.rawValue)]
        case .failure(let missing): return ["missing": missing.json]
        }
    }
}

/// Where a page of outputs ended.
enum OutputCursor {
    static func write(_ path: String) -> String { hex(Array(path.utf8)) }

    static func read(_ query: Query) throws -> String {
        guard let text = try query.one("cursor") else { return "" }
        guard let bytes = unhex(text), let path = String(validating: bytes, as: UTF8.self), !path.utf8.contains(0)
        else {
            throw Failure.badCursor
        }
        return path
    }
}

extension Connection {
    mutating func outputPaths(of job: UUID, child: Int = ArrayChild.none, among paths: [String]) throws -> [String] {
        try rows(
            "SELECT path FROM outputs WHERE job = \(job) AND child = \(child) AND path = ANY(\(paths))"
        ) { try $0.text("path") }
    }

    /// The job that the address names, by either id, if the asker may see it.
    mutating func seen(_ call: Call) throws -> Job {
        guard let text = call.parameters.first, let job = try job(eitherID: text) else { throw Failure.notFound }
        return job
    }
}

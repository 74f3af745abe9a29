import Cryptography
import HTTP
import JSON

/// The operation that a signed request asks for, read far enough to verify its signature: the bodies of Batch, Logs, STS
/// and CloudFormation are small and read whole, those of S3 come as a stream.
enum Asked {
    /// Name as on the wire.
    case batch(String, JSONValue, bodyHash: String)
    case logs(String, JSONValue, bodyHash: String)
    case sts(String, Form, bodyHash: String)
    case cloudFormation(String, Form, bodyHash: String)
    case s3(S3Operation, S3Target, PayloadClaim)

    private static let limit = 2 << 20

    /// As `faults` names it.
    var operation: String {
        switch self {
        case .batch(let name, _, _), .logs(let name, _, _), .sts(let name, _, _), .cloudFormation(let name, _, _): name
        case .s3(let operation, _, _): operation.rawValue
        }
    }

    /// What a fault may look into.
    func subject(_ request: Request) -> String {
        switch self {
        case .batch(_, let input, _), .logs(_, let input, _): String(decoding: input.serialized(), as: UTF8.self)
        default: request.rawPath
        }
    }

    var hasSignedChunks: Bool {
        if case .s3(_, _, .signedChunks) = self { true } else { false }
    }

    /// What stands in the canonical request.
    var bodyHash: String {
        switch self {
        case .batch(_, _, let hash), .logs(_, _, let hash), .sts(_, _, let hash), .cloudFormation(_, _, let hash): hash
        case .s3(_, _, let payload): payload.word
        }
    }

    static func read(
        _ request: Request, _ service: LocalService, _ claim: SignatureClaim, _ body: inout RequestBody
    ) throws -> Asked {
        if service == .s3 { return try s3(request, claim) }
        let bytes = try body.all(limit: limit)
        let hash = hex(sha256(bytes))
        switch service {
        case .batch:
            let (operation, input) = try batch(request, bytes)
            return .batch(operation, input, bodyHash: hash)
        case .logs:
            let prefix = "Logs_20140328."
            guard let target = request.headers.first("x-amz-target"), target.hasPrefix(prefix) else {
                throw LocalFault(code: "UnknownOperationException", message: "X-Amz-Target must begin with \(prefix)")
            }
            return .logs(String(target.dropFirst(prefix.count)), try json(bytes), bodyHash: hash)
        case .cloudformation:
            let form = try Form.urlEncoded(bytes)
            return .cloudFormation(try STSService.operation(form), form, bodyHash: hash)
        case .sts, .s3:
            let form = try Form.urlEncoded(bytes, limit: 400)
            return .sts(try STSService.operation(form), form, bodyHash: hash)
        }
    }

    private static func s3(_ request: Request, _ claim: SignatureClaim) throws -> Asked {
        let target = try S3Target(rawPath: request.rawPath)
        guard let operation = S3Operation(request, target), operation != .post else {
            throw LocalFault(
                status: 501, code: "NotImplemented",
                message: "A header or query you provided asks for functionality that the local region does not have.")
        }
        try UnservedFeatures.check(request)
        return .s3(operation, target, try PayloadClaim(request, claim))
    }

    /// `/v1/submitjob`, or `/v1/tags/ARN` with the verb in the method.
    private static func batch(_ request: Request, _ bytes: [UInt8]) throws -> (String, JSONValue) {
        let parts = request.rawPath.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count >= 4, parts[1] == "v1", parts[2] == "tags" {
            return try tags(request, parts[3...].joined(separator: "/"), bytes)
        }
        guard request.method == "POST", parts.count == 3, parts[1] == "v1" else {
            throw LocalFault(
                status: 404, code: "UnknownOperationException", message: "There is no operation at this address.")
        }
        return (String(parts[2]), try json(bytes))
    }

    private static func tags(
        _ request: Request, _ encoded: String, _ bytes: [UInt8]
    ) throws -> (String, JSONValue) {
        guard let arn = percentDecode(encoded[...]) else {
            throw LocalFault(code: "ClientException", message: "The resource's ARN is not well-formed.")
        }
        let resource = JSONValue.Member("resourceArn", .string(arn))
        switch request.method {
        case "GET": return ("listtagsforresource", .object([resource]))
        case "DELETE":
            let keys = JSONValue(request.query.all("tagKeys"))
            return ("untagresource", .object([resource, JSONValue.Member("tagKeys", keys)]))
        default: return ("tagresource", .object([resource] + (try json(bytes).members ?? [])))
        }
    }

    private static func json(_ bytes: [UInt8]) throws -> JSONValue {
        if bytes.isEmpty { return .object([]) }
        do {
            let value = try JSONValue.parse(bytes)
            guard value.members != nil else { throw serialization }
            return value
        } catch {
            throw serialization
        }
    }

    private static var serialization: LocalFault {
        LocalFault(code: "SerializationException", message: "The body is not a JSON object.")
    }
}

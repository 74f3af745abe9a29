internal import Cryptography
internal import HTTP
internal import HTTPClient
internal import JSON

/// One operation in AWS's terms, not yet signed.
struct Call {
    let service: AWSService
    let operation: String
    var method = "POST"
    /// As on the wire, for S3 without the bucket.
    var path = "/"
    var query = ""
    var bucket: String?
    var headers: [(name: String, value: String)] = []
    var body: HTTPClient.Body = .none
    var bodyHash = SigV4.emptyBodyHash
    var maxResponseBytes: Int64 = 16 << 20
    /// An object's bytes, in or out.
    var isTransfer = false
    /// Sent at most once, on a connection of its own.
    var isOnce = false
    /// No byte of the body leaves later.
    var notAfter: ContinuousClock.Instant?
    /// S3 may answer 200 and then say `<Error>`.
    var mayHideError = false

    init(_ service: AWSService, _ operation: String) {
        self.service = service
        self.operation = operation
    }

    /// rest-json: `POST /v1/describejobs`
    static func batch(_ operation: String, _ input: JSONValue) -> Call {
        var call = Call(.batch, operation)
        call.path = "/v1/" + operation.lowercased()
        call.setBody(input.serialized(), "application/json")
        return call
    }

    /// json 1.1
    static func logs(_ operation: String, _ input: JSONValue) -> Call {
        var call = Call(.logs, operation)
        call.headers = [("x-amz-target", "Logs_20140328.\(operation)")]
        call.setBody(input.serialized(), "application/x-amz-json-1.1")
        return call
    }

    /// query
    static func sts(_ operation: String, _ input: [(String, String)] = []) -> Call {
        query(.sts, operation, version: "2011-06-15", input)
    }

    /// query
    static func cloudFormation(_ operation: String, _ input: [(String, String)]) -> Call {
        query(.cloudformation, operation, version: "2010-05-15", input)
    }

    private static func query(
        _ service: AWSService, _ operation: String, version: String, _ input: [(String, String)]
    ) -> Call {
        var call = Call(service, operation)
        let form = encodedQuery([("Action", operation), ("Version", version)] + input)
        call.setBody(Array(form.utf8), "application/x-www-form-urlencoded; charset=utf-8")
        return call
    }

    /// rest-xml; an empty key stands for the bucket.
    static func s3(
        _ operation: String, _ method: String, bucket: String, key: String = "", query: [(String, String?)] = []
    ) -> Call {
        var call = Call(.s3, operation)
        call.method = method
        call.bucket = bucket
        call.path = "/" + percentEncode(key, keepingSlashes: true)
        call.query = encodedQuery(query)
        return call
    }

    mutating func setBody(_ bytes: [UInt8], _ contentType: String?) {
        body = .bytes(bytes)
        bodyHash = hex(sha256(bytes))
        if let contentType { headers.append(("content-type", contentType)) }
    }

    func failure(_ code: String, _ message: String, outcome: AWSError.Outcome = .refused) -> AWSError {
        AWSError(service: service, operation: operation, code: code, message: message, outcome: outcome)
    }
}

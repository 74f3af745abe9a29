internal import HTTP
internal import HTTPClient
internal import JSON

/// What an answer says went wrong, in whichever of the four protocols it says so. Nil for a success.
struct ErrorReport {
    private(set) var code: String
    private(set) var message = ""
    private(set) var requestID: String?
    private(set) var bucketRegion: String?
    /// The body is AWS's own error document, or, where HTTP leaves no room for one (HEAD), there is none.
    private(set) var isAWSs = false

    init?(_ call: Call, _ response: HTTPClient.Response) {
        let isSuccess = (200..<300).contains(response.status)
        if isSuccess, !call.mayHideError || XMLText.root(response.body) != "Error" { return nil }
        code = String(response.status)
        requestID =
            response.headers.first("x-amzn-requestid") ?? response.headers.first("x-amz-request-id")
        bucketRegion = response.headers.first("x-amz-bucket-region")
        switch response.body.first(where: { !" \t\r\n".utf8.contains($0) }) {
        case UInt8(ascii: "{"): readJSON(response)
        case UInt8(ascii: "<"): readXML(response)
        case nil: isAWSs = call.method == "HEAD" || requestID != nil
        default: break
        }
        if let type = response.headers.first("x-amzn-errortype") {
            code = Self.name(type)
            isAWSs = true
        }
    }

    func error(_ call: Call, _ status: Int) -> AWSError {
        // What S3 sends elsewhere it has not done.
        let isRedirected = call.service == .s3 && (300..<400).contains(status)
        let isRefused = status == 429 || isRedirected || ((400..<500).contains(status) && isAWSs)
        return AWSError(
            service: call.service, operation: call.operation, status: status, code: code, message: message,
            requestID: requestID, bucketRegion: bucketRegion, outcome: isRefused ? .refused : .unknown)
    }

    /// An error inside a 200 is S3's InternalError or SlowDown in disguise.
    func failure(_ status: Int) -> RetryPolicy.Failure {
        let byCode = RetryPolicy.failure(status: status, code: code)
        return byCode == .permanent && ["InternalError", "ServiceUnavailable"].contains(code) ? .transient : byCode
    }

    private mutating func readJSON(_ response: HTTPClient.Response) {
        guard let body = try? JSONValue.parse(response.body) else { return }
        if let type = body["code"]?.string ?? body["Code"]?.string ?? body["__type"]?.string {
            code = Self.name(type)
            isAWSs = true
        }
        message = Self.shown(body["message"]?.string ?? body["Message"]?.string ?? "")
        isAWSs = isAWSs || !message.isEmpty
    }

    private mutating func readXML(_ response: HTTPClient.Response) {
        guard let root = XMLText.root(response.body), ["Error", "ErrorResponse", "Response"].contains(root),
            let document = try? XMLText.decode(ErrorDocument.self, response.body), let found = document.found
        else { return }
        code = found.code ?? code
        message = Self.shown(found.message ?? "")
        requestID = requestID ?? document.requestId ?? document.requestID
        bucketRegion = bucketRegion ?? found.region
        isAWSs = true
    }

    /// `com.amazonaws.batch#ClientException:http://…` → `ClientException`
    private static func name(_ type: String) -> String {
        let head = type.prefix { $0 != ":" }
        return String(head.split(separator: "#").last ?? head)
    }

    /// A refused signature's message goes on to quote the canonical request, with the session token in it.
    private static func shown(_ message: String) -> String {
        let lower = message.lowercased()
        let marks = [
            "the canonical string", "the string-to-sign", "aws4-hmac", "x-amz-security-token", "authorization header",
        ]
        let cuts = marks.compactMap { mark in
            lower.firstRange(of: mark).map { lower.distance(from: lower.startIndex, to: $0.lowerBound) }
        }
        return String(message.prefix(min(cuts.min() ?? 1024, 1024)))
    }
}

/// `<Error>` alone (S3), inside `<ErrorResponse>` (query), or inside `<Response><Errors>`.
private struct ErrorDocument: Decodable {
    struct Entry: Decodable {
        let code: String?
        let message: String?
        let region: String?
    }
    struct List: Decodable {
        let error: [Entry]?
    }

    let code: String?
    let message: String?
    let region: String?
    let requestId: String?
    let requestID: String?
    let error: [Entry]?
    let errors: List?

    var found: Entry? {
        if let inner = error?.first ?? errors?.error?.first { return inner }
        return code == nil ? nil : Entry(code: code, message: message, region: region)
    }
}

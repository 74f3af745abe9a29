import HTTP

/// The services behind the one endpoint, and how each says that something went wrong.
enum LocalService: String, Sendable {
    case batch
    case cloudformation
    case logs
    case sts
    case s3

    /// By the signature's scope, or else by the request's looks.
    static func of(_ request: Request, scope: LocalScope?) throws(LocalFault) -> LocalService {
        if let scope {
            guard let service = LocalService(rawValue: scope.service) else {
                throw LocalFault(
                    code: "InvalidRequest", message: "The local region has no service \u{201C}\(scope.service)\u{201D}."
                )
            }
            return service
        }
        return looks(request)
    }

    static func looks(_ request: Request) -> LocalService {
        if request.headers.first("x-amz-target") != nil { return .logs }
        if request.rawPath.hasPrefix("/v1/"), request.headers.first("content-type")?.contains("json") == true {
            return .batch
        }
        let isForm = request.headers.first("content-type")?.hasPrefix("application/x-www-form-urlencoded") == true
        return request.method == "POST" && request.rawPath == "/" && isForm ? .sts : .s3
    }
}

internal import HTTP
internal import HTTPClient

/// What one attempt of a call came to.
struct Attempt {
    struct Failed {
        let error: AWSError
        let kind: RetryPolicy.Failure
        /// Milliseconds, as the service asks (`x-amz-retry-after`).
        var retryAfter: Int?
        /// The answer's `Date`, in milliseconds since the epoch.
        var date: Int64?
        /// Part of an object has already reached the caller.
        var hasDelivered = false
    }

    let response: HTTPClient.Response
    let failure: Failed?

    init(_ call: Call, _ response: HTTPClient.Response) {
        self.response = response
        guard let report = ErrorReport(call, response) else {
            failure = nil
            return
        }
        failure = Failed(
            error: report.error(call, response.status), kind: report.failure(response.status),
            retryAfter: response.headers.first("x-amz-retry-after").flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil },
            date: response.headers.first("date").flatMap(HTTPDate.parse).map { $0 * 1000 })
    }

    init(_ call: Call, _ error: HTTPClientError, hasDelivered: Bool) {
        response = HTTPClient.Response(status: 0, headers: Headers(), body: [])
        let code = Self.code(of: error.kind)
        failure = Failed(
            error: call.failure(code, "\(error)", outcome: error.nothingWasSent ? .refused : .unknown),
            kind: code == "NoAnswer" ? .transient : .permanent, hasDelivered: hasDelivered)
    }

    private static func code(of kind: HTTPClientError.Kind) -> String {
        switch kind {
        case .badRequest: "BadArgument"
        case .addressRefused: "AddressRefused"
        case .tooLarge: "AnswerTooLarge"
        case .caller: "BrokenOff"
        case .nameNotFound, .notConnected, .tls, .timeout, .broken: "NoAnswer"
        }
    }
}

extension Attempt.Failed {
    /// How far our clock is off, where the service may have refused for that reason: the signature is wrong or too old, or
    /// no reason came, as with HEAD, and its `Date` is minutes from the time that was signed. A wrong secret with the right
    /// time is not such a case.
    /// - Parameter assumed: what it was thought to be, in milliseconds: a clock that was wrong may be right again.
    func clockOffset(_ now: Int64, assumed: Int64) -> Int64? {
        let codes: Set<String> = [
            "RequestTimeTooSkewed", "InvalidSignatureException", "SignatureDoesNotMatch", "RequestExpired",
            "RequestInTheFuture", "AuthFailure",
        ]
        guard codes.contains(error.code) || error.status == 403, let date, abs(date - now - assumed) > 240_000 else {
            return nil
        }
        return date - now
    }
}

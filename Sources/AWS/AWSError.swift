/// A call that did not succeed. `description` and `message` hold no signature and no session token.
package struct AWSError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Outcome: Sendable, Equatable {
        /// A definite no: the service refused (4xx with its error, 429, or a redirect of S3's), or nothing was ever sent.
        case refused
        /// It may have been done: a time-out, a broken connection, 5xx, an answer that cannot be read.
        case unknown
    }

    package let service: AWSService
    /// For example `SubmitJob`.
    package let operation: String
    /// Nil where no answer came.
    package let status: Int?
    /// The service's own (`ClientException`), the status as text where it gives none, or one of ours: `NoAnswer`,
    /// `UnreadableAnswer`; and where trying again changes nothing, `UnknownRegion`, `BadArgument`, `AddressRefused`,
    /// `AnswerTooLarge`, `BrokenOff` (this side could not read what was to be sent).
    package let code: String
    /// The service's words, at most 1,024 characters; they may quote what was sent.
    package let message: String
    package let requestID: String?
    /// Where S3 says that a bucket is, when it was asked for in another Region. From outside: check before use.
    package let bucketRegion: String?
    package let outcome: Outcome

    package init(
        service: AWSService, operation: String, status: Int? = nil, code: String, message: String,
        requestID: String? = nil, bucketRegion: String? = nil, outcome: Outcome
    ) {
        self.service = service
        self.operation = operation
        self.status = status
        self.code = code
        self.message = message
        self.requestID = requestID
        self.bucketRegion = bucketRegion
        self.outcome = outcome
    }

    package var description: String {
        let facts = [status.map(String.init), code, requestID.map { "request \($0)" }].compactMap { $0 }
        return "AWS \(service.rawValue) \(operation): " + facts.joined(separator: ", ")
    }
}

extension AWSError {
    package var isThrottling: Bool { status == 429 || RetryPolicy.throttlingCodes.contains(code) }

    /// The thing asked about is not there. Batch has no such answer: there it is an empty list.
    package var isNotFound: Bool {
        ["NoSuchKey", "NoSuchBucket", "NoSuchUpload", "ResourceNotFoundException", "NotFound"].contains(code)
            || (status == 404 && service == .s3)
    }

    /// Signed well, but not permitted.
    package var isAccessDenied: Bool {
        ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized"].contains(code)
            || (status == 403 && code == "403")
    }

    /// The access key itself is unknown, wrong, switched off or expired.
    package var isCredentialRefused: Bool {
        [
            "UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "InvalidSignatureException",
            "SignatureDoesNotMatch", "ExpiredTokenException", "ExpiredToken", "InvalidToken", "TokenRefreshRequired",
            "MissingAuthenticationToken", "IncompleteSignature",
        ].contains(code)
    }

    /// Trying again later may help: nothing about the request itself was wrong.
    package var isTransient: Bool {
        isThrottling || status == nil && code == "NoAnswer" || status.map { $0 >= 500 } == true
            || RetryPolicy.transientCodes.contains(code)
    }
}

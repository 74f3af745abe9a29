internal import CCurl

/// Why there is no answer. `description` names neither the URL nor a header.
package struct HTTPClientError: Error, Sendable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        /// The URL, a header or an option is malformed.
        case badRequest = "the request is malformed"
        case nameNotFound = "the host's name does not resolve"
        case addressRefused = "the host's address is not allowed"
        case notConnected = "the host cannot be reached"
        /// The handshake failed, or the certificate is not the host's or not trusted.
        case tls = "no trusted TLS connection"
        case timeout = "the time is up"
        /// More than `maxResponseBytes`, or more than 64 KiB of headers.
        case tooLarge = "the answer is too large"
        /// `read` or `receive` threw, or `read` gave too much or nothing; see `cause`.
        case caller = "this side broke off"
        /// The connection broke, or what came back is not HTTP.
        case broken = "the connection broke"
    }

    package let kind: Kind
    /// No byte of the request has left, or none of its body: the server cannot have acted on it. Else it may have.
    package let nothingWasSent: Bool
    /// What a callback of the caller's threw.
    package let cause: (any Error)?
    /// libcurl's CURLcode, 0 if the failure is not its own.
    package let code: Int

    init(_ kind: Kind, nothingWasSent: Bool, cause: (any Error)? = nil, code: Int = 0) {
        self.kind = kind
        self.nothingWasSent = nothingWasSent
        self.cause = cause
        self.code = code
    }

    init(_ code: CURLcode, _ failure: Transfer.Failure?, nothingWasSent: Bool) {
        let kind =
            switch failure {
            case .tooLarge: Kind.tooLarge
            case .addressRefused: Kind.addressRefused
            case .caller: Kind.caller
            case .cutOff: Kind.broken
            case .tooLate: Kind.timeout
            // Once something was sent, libcurl means the answer's protocol.
            case nil where code == CURLE_UNSUPPORTED_PROTOCOL && !nothingWasSent: Kind.broken
            case nil: Self.kind(of: code)
            }
        var cause: (any Error)?
        if case .caller(let error) = failure { cause = error }
        // Headers without the body that they announce are no request.
        var isHeadOnly = false
        if case .tooLate = failure { isHeadOnly = true }
        self.init(kind, nothingWasSent: nothingWasSent || isHeadOnly, cause: cause, code: Int(code.rawValue))
    }

    package var description: String {
        "HTTP: \(kind.rawValue)" + (code == 0 ? "" : " (libcurl \(code))")
            + (nothingWasSent ? ", nothing was sent" : "")
    }

    private static func kind(of code: CURLcode) -> Kind {
        switch code {
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_FUNCTION_ARGUMENT, CURLE_UNKNOWN_OPTION,
            CURLE_NOT_BUILT_IN, CURLE_OUT_OF_MEMORY:
            .badRequest
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .nameNotFound
        case CURLE_COULDNT_CONNECT: .notConnected
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CIPHER,
            CURLE_SSL_CERTPROBLEM, CURLE_SSL_ISSUER_ERROR:
            .tls
        case CURLE_OPERATION_TIMEDOUT: .timeout
        default: .broken
        }
    }
}

import AWS
import Cryptography

/// The services' own codes for what is wrong with a signature (aws.md, "Error codes to tell apart").
extension LocalService {
    var badSignatureCode: String {
        switch self {
        case .batch, .logs: "InvalidSignatureException"
        case .sts, .cloudformation, .s3: "SignatureDoesNotMatch"
        }
    }

    /// JSON 1.1's services say 400 where the others say 403.
    var refusedStatus: Int { self == .logs ? 400 : 403 }

    func unknownKey(_ id: String) -> LocalFault {
        let message = "The security token included in the request is invalid."
        return switch self {
        case .batch, .logs:
            LocalFault(status: refusedStatus, code: "UnrecognizedClientException", message: message)
        case .sts, .cloudformation: LocalFault(status: 403, code: "InvalidClientTokenId", message: message)
        case .s3:
            LocalFault(
                status: 403, code: "InvalidAccessKeyId",
                message: "The AWS Access Key Id you provided does not exist in our records.",
                details: [("AWSAccessKeyId", id)])
        }
    }

    /// Both texts are made of what the client sent; they help it to find its mistake, as AWS's do.
    func badSignature(stringToSign: String, canonicalRequest: String, _ claim: SignatureClaim) -> LocalFault {
        let message =
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            + "Access Key and signing method."
        guard self == .s3 else {
            return LocalFault(status: refusedStatus, code: badSignatureCode, message: message)
        }
        return LocalFault(
            status: 403, code: badSignatureCode, message: message,
            details: [
                ("AWSAccessKeyId", claim.scope.accessKeyID), ("StringToSign", stringToSign),
                ("SignatureProvided", claim.signature), ("CanonicalRequest", canonicalRequest),
            ])
    }

    func skewed(_ claim: SignatureClaim, _ now: Int64) -> LocalFault {
        guard self == .s3 else {
            return LocalFault(status: refusedStatus, code: badSignatureCode, message: skewedText(claim, now))
        }
        return LocalFault(
            status: 403, code: "RequestTimeTooSkewed",
            message: "The difference between the request time and the current time is too large.",
            details: [
                ("RequestTime", claim.timestamp), ("ServerTime", AmzDate.dashed(now)),
                ("MaxAllowedSkewMilliseconds", String(skew)),
            ])
    }

    /// Both clocks may be so far apart, in milliseconds.
    var skew: Int64 {
        switch self {
        case .s3, .sts, .cloudformation: 15 * 60 * 1000
        case .batch, .logs: 5 * 60 * 1000
        }
    }

    private func skewedText(_ claim: SignatureClaim, _ now: Int64) -> String {
        let isLate = claim.signedAt < now
        let (limit, sign) = (AmzDate.text(isLate ? now - skew : now + skew), isLate ? "-" : "+")
        let bounds = "\(limit) (\(AmzDate.text(now)) \(sign) \(skew / 60_000) min.)"
        return isLate
            ? "Signature expired: \(claim.timestamp) is now earlier than \(bounds)"
            : "Signature not yet current: \(claim.timestamp) is still later than \(bounds)"
    }

    /// Nil if the token fits the key and the key is still good.
    func tokenFault(_ key: AccessKey, _ token: String?) -> LocalFault? {
        let fits =
            switch (key.sessionToken, token) {
            case (nil, nil): true
            case (let expected?, let given?): constantTimeEquals(Array(expected.utf8), Array(given.utf8))
            default: false
            }
        guard fits else {
            return self == .s3
                ? LocalFault(code: "InvalidToken", message: "The provided token is malformed or otherwise invalid.")
                : unknownKey(key.id)
        }
        return key.hasExpired ? expiredToken : nil
    }

    var expiredToken: LocalFault {
        let message = "The security token included in the request is expired"
        return switch self {
        case .batch, .logs: LocalFault(status: refusedStatus, code: "ExpiredTokenException", message: message)
        case .sts, .cloudformation: LocalFault(status: 403, code: "ExpiredToken", message: message)
        case .s3: LocalFault(code: "ExpiredToken", message: "The provided token has expired.")
        }
    }

    /// Asked without any signature.
    var anonymous: LocalFault {
        switch self {
        case .batch, .logs:
            LocalFault(
                status: refusedStatus, code: "MissingAuthenticationTokenException",
                message: "Missing Authentication Token")
        case .sts, .cloudformation:
            LocalFault(status: 403, code: "MissingAuthenticationToken", message: "Missing Authentication Token")
        case .s3: LocalFault(status: 403, code: "AccessDenied", message: "Access Denied")
        }
    }
}

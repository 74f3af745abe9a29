import AWS
import Cryptography
import HTTP

/// Whether a signature is what it claims to be: a pure question to the claim, the request, the key and the clock.
struct Verification {
    let claim: SignatureClaim
    let request: Request
    let service: LocalService
    let region: String
    /// Milliseconds.
    let now: Int64

    /// All that can be said without the key.
    func checkClaim() throws(LocalFault) {
        guard claim.timestamp.hasPrefix(claim.scope.date) else {
            throw malformed("Invalid credential date \"\(claim.scope.date)\". This date is not the same as X-Amz-Date.")
        }
        guard claim.scope.region == region else {
            let asked = claim.scope.region
            throw malformed(
                service == .s3
                    ? "The authorization header is malformed; the region '\(asked)' is wrong; expecting '\(region)'"
                    : "Credential should be scoped to a valid region, not '\(asked)'.", [("Region", region)])
        }
        switch claim.form {
        case .header: guard abs(now - claim.signedAt) <= service.skew else { throw service.skewed(claim, now) }
        case .query(let seconds): try checkTime(validFor: seconds)
        }
        guard claim.signedHeaders.contains("host"), claim.signedHeaders == claim.signedHeaders.map({ $0.lowercased() })
        else { throw malformed("SignedHeaders must name host, in lower case.") }
        try checkAllSigned()
    }

    /// `bodyHash` is what stands in the canonical request: a digest, or one of S3's words.
    func check(_ key: AccessKey?, bodyHash: String) throws(LocalFault) -> AccessKey {
        guard let key else { throw service.unknownKey(claim.scope.accessKeyID) }
        var message = SigV4.Message(method: request.method, path: request.rawPath, headers: headers, bodyHash: bodyHash)
        message.query = request.rawQuery.split(separator: "&").filter { !$0.hasPrefix("X-Amz-Signature=") }
            .joined(separator: "&")
        let canonical = SigV4.canonicalRequest(
            message, signedHeaders: claim.signedHeaders, path: service == .s3 ? .asSent : .normalized)
        let text = SigV4.stringToSign(canonicalRequest: canonical, timestamp: claim.timestamp, scope: claim.scope.sigV4)
        let expected = SigV4.signature(
            of: text, key: SigV4.signingKey(secretAccessKey: key.secret, scope: claim.scope.sigV4))
        guard constantTimeEquals(Array(expected.utf8), Array(claim.signature.utf8)) else {
            throw service.badSignature(stringToSign: text, canonicalRequest: canonical, claim)
        }
        if let fault = service.tokenFault(key, claim.sessionToken) { throw fault }
        return key
    }

    /// nginx hands `_` in a name on as `-`.
    private var headers: [(name: String, value: String)] {
        claim.signedHeaders.map { name in
            (name, request.headers.all(name.replacing("_", with: "-")).joined(separator: ","))
        }
    }

    private func checkTime(validFor seconds: Int) throws(LocalFault) {
        let end = claim.signedAt + Int64(seconds) * 1000
        if now > end {
            throw LocalFault(
                status: 403, code: "AccessDenied", message: "Request has expired",
                details: [
                    ("X-Amz-Expires", String(seconds)), ("Expires", AmzDate.dashed(end)),
                    ("ServerTime", AmzDate.dashed(now)),
                ])
        }
        if claim.signedAt - now > service.skew {
            throw LocalFault(status: 403, code: "AccessDenied", message: "Request is not yet valid")
        }
    }

    private func checkAllSigned() throws(LocalFault) {
        let signed = Set(claim.signedHeaders.map { $0.replacing("_", with: "-") })
        let unsigned = request.headers.fields.map(\.name).filter { $0.hasPrefix("x-amz-") && !signed.contains($0) }
        guard unsigned.isEmpty else {
            throw LocalFault(
                status: 403, code: "AccessDenied",
                message: "There were headers present in the request which were not signed",
                details: [("HeadersNotSigned", unsigned.joined(separator: ", "))])
        }
    }

    private func malformed(_ message: String, _ details: [(name: StaticString, value: String)] = []) -> LocalFault {
        service == .s3
            ? SignatureClaim.malformed(claim.form, message, details)
            : LocalFault(status: service.refusedStatus, code: service.badSignatureCode, message: message)
    }
}

extension LocalScope {
    var sigV4: SigV4.Scope { SigV4.Scope(day: date, region: region, service: service) }
}

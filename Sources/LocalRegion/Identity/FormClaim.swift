import AWS
import Cryptography

/// The signature of a form (POST policy): the policy's text is what is signed.
struct FormClaim: Sendable {
    let scope: LocalScope
    let signature: String
    let sessionToken: String?
    /// Base64.
    let policy: String

    init(_ fields: [String: String], region: String) throws(LocalFault) {
        func field(_ name: String) throws(LocalFault) -> String {
            guard let value = fields[name], !value.isEmpty else {
                throw LocalFault(
                    code: "InvalidArgument",
                    message: "Bucket POST must contain a field named '\(name)'.  If it is specified, please check the "
                        + "order of the fields.", details: [("ArgumentName", name)])
            }
            return value
        }
        guard fields["policy"] != nil else { throw LocalService.s3.anonymous }
        policy = try field("policy")
        signature = try field("x-amz-signature")
        sessionToken = fields["x-amz-security-token"]
        guard try field("x-amz-algorithm") == SigV4.algorithm,
            let scope = LocalScope(try field("x-amz-credential")[...]),
            try field("x-amz-date").hasPrefix(scope.date), scope.service == "s3", scope.region == region
        else {
            throw LocalFault(
                code: "InvalidArgument",
                message: "X-Amz-Algorithm, X-Amz-Credential or X-Amz-Date is not one for s3 in \(region).",
                details: [("ArgumentName", "x-amz-credential")])
        }
        self.scope = scope
    }

    func check(_ key: AccessKey?) throws(LocalFault) -> AccessKey {
        guard let key else { throw LocalService.s3.unknownKey(scope.accessKeyID) }
        let signingKey = SigV4.signingKey(secretAccessKey: key.secret, scope: scope.sigV4)
        let expected = SigV4.signature(of: policy, key: signingKey)
        guard constantTimeEquals(Array(expected.utf8), Array(signature.utf8)) else {
            throw LocalFault(
                status: 403, code: LocalService.s3.badSignatureCode,
                message: "The request signature we calculated does not match the signature you provided. Check your "
                    + "key and signing method.",
                details: [
                    ("AWSAccessKeyId", key.id), ("StringToSign", policy), ("SignatureProvided", signature),
                ])
        }
        if let fault = LocalService.s3.tokenFault(key, sessionToken) { throw fault }
        return key
    }
}

import AWS
import HTTP
import IAMPolicy

/// The condition keys that every request has, whatever it asks for (IAM's "global condition context keys").
enum RequestContext {
    /// - Parameter now: milliseconds.
    static func of(
        _ key: AccessKey, _ caller: LocalCaller, _ request: Request, region: String, now: Int64
    ) -> AccessContext {
        var context = AccessContext([
            "aws:PrincipalArn": [caller.role ?? caller.arn], "aws:PrincipalAccount": [caller.account],
            "aws:PrincipalType": [caller.role == nil ? "User" : "AssumedRole"], "aws:userid": [caller.userID],
            "aws:SecureTransport": [request.scheme == "https" ? "true" : "false"],
            "aws:CurrentTime": [seconds(now)], "aws:EpochTime": [String(now / 1000)],
            "aws:RequestedRegion": [region], "aws:ViaAWSService": ["false"], "aws:PrincipalIsAWSService": ["false"],
        ])
        // Jobs come by a UNIX socket: they have no address.
        if !request.remoteAddress.isEmpty, !request.remoteAddress.hasPrefix("unix") {
            context["aws:SourceIp"] = [request.remoteAddress]
        }
        context["aws:UserAgent"] = request.headers.first("user-agent").map { [$0] }
        context["aws:Referer"] = request.headers.first("referer").map { [$0] }
        guard key.sessionToken != nil else {
            context["aws:username"] = [caller.principal]
            return context
        }
        context["aws:TokenIssueTime"] = [seconds(key.createdAt)]
        context["aws:MultiFactorAuthPresent"] = ["false"]
        context["aws:SourceIdentity"] = key.sourceIdentity.map { [$0] }
        for (name, value) in key.sessionTags { context["aws:PrincipalTag/\(name)"] = [value] }
        return context
    }

    /// Those of S3's own. `age` of a presigned URL, in milliseconds.
    static func s3(_ claim: SignatureClaim, _ request: Request, age: Int64) -> [String: [String]] {
        var context = ["s3:signatureversion": [SigV4.algorithm]]
        context["s3:x-amz-content-sha256"] = request.headers.first("x-amz-content-sha256").map { [$0] }
        if case .query = claim.form {
            context["s3:authType"] = ["REST-QUERY-STRING"]
            context["s3:signatureAge"] = [String(age)]
        } else {
            context["s3:authType"] = ["REST-HEADER"]
        }
        return context
    }

    /// `2026-11-25T10:00:00Z`.
    private static func seconds(_ milliseconds: Int64) -> String {
        String(AmzDate.dashed(milliseconds).dropLast(5)) + "Z"
    }
}

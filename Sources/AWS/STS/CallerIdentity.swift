internal import HTTPClient

/// Whom a set of credentials belongs to.
package struct CallerIdentity: Sendable, Equatable {
    /// Twelve digits.
    package let account: String
    package let arn: String
    package let userID: String

    /// The account's root user (trust.md S36 refuses its keys).
    package var isRoot: Bool { arn.hasSuffix(":root") }
}

extension AWSClient {
    /// GetCallerIdentity: needs no permission and works even under an explicit Deny, so a refusal is about the key.
    package mutating func callerIdentity(
        by credentials: AWSCredentials, in region: String
    ) throws(AWSError) -> CallerIdentity {
        let call = Call.sts("GetCallerIdentity")
        let response = try answer(call, credentials, region)
        guard let document = try? XMLText.decode(GetCallerIdentityResponse.self, response.body) else {
            throw call.unreadable("It is not a GetCallerIdentityResponse.")
        }
        let result = document.getCallerIdentityResult
        return CallerIdentity(account: result.account, arn: result.arn, userID: result.userId)
    }
}

private struct GetCallerIdentityResponse: Decodable {
    struct Result: Decodable {
        let account: String
        let arn: String
        let userId: String
    }

    let getCallerIdentityResult: Result
}

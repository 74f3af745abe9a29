import AWS
import Cryptography
import FoundationEssentials
import JSON

/// Shows that a role lets this portal in with the ExternalId that belongs to its owner, and nobody without it: else
/// whoever else knows the role's ARN could have the portal act in its account (trust.md S33).
struct RoleProof {
    let role: Role

    enum Finding: Equatable {
        /// Whose session AWS gave.
        case proven(account: String, arn: String)
        /// In a sentence.
        case refused(String)
    }

    /// That AWS cannot be reached is thrown.
    func look(_ portal: PortalIdentity, _ aws: inout AWSClient) throws(AWSError) -> Finding {
        if try session(nil, portal, &aws) != nil {
            return .refused(
                "The role can be assumed without an ExternalId: its trust policy lacks the condition that is shown below."
            )
        }
        if try session(hex(randomBytes(20)), portal, &aws) != nil {
            return .refused(
                "The role can be assumed with any ExternalId: its trust policy's condition must be as it is shown below."
            )
        }
        guard let session = try session(role.externalID, portal, &aws) else {
            return .refused(
                """
                AWS does not let this portal assume the role with its ExternalId. Either there is no such role, or its \
                trust policy is not as it is shown below.
                """)
        }
        let identity = try aws.callerIdentity(by: session, in: role.region)
        return .proven(account: identity.account, arn: identity.arn)
    }

    /// Nil where AWS says no. It may do nothing.
    private func session(
        _ externalID: String?, _ portal: PortalIdentity, _ aws: inout AWSClient
    ) throws(AWSError) -> AWSCredentials? {
        var input = role.input(.nothing, for: role.owner, externalID: externalID)
        input.seconds = 900
        do {
            return try portal.assume(input, in: role.region, &aws)
        } catch {
            if error.isAccessDenied { return nil }
            throw error
        }
    }
}

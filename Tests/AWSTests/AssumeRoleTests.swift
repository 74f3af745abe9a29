import AWS
import HTTPClient
import Processes
import Testing

/// Roles, by moto's imitation of STS: it knows a wrong ExternalId, but not a missing one, and gives a session what its role
/// may, whatever its own policy says. Those are test_roles.py's, by the local region.
struct AssumeRoleTests {
    private let moto: StrictMoto
    private let region = "eu-central-1"
    private let bucket = "moto-bucket"
    private let role = "arn:aws:iam::123456789012:role/portal"

    init() throws { moto = try StrictMoto.shared.get() }

    private func client() throws -> AWSClient { try moto.client(in: region) }

    private func policy(_ key: String) -> String {
        """
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:PutObject","s3:GetObject"],\
        "Resource":["arn:aws:s3:::\(bucket)/\(key)"]}]}
        """
    }

    private func input(_ policy: String, _ externalID: String? = "the-external-id") -> AssumeRoleInput {
        var input = AssumeRoleInput(roleARN: role, sessionName: "batchport", policy: policy)
        input.externalID = externalID
        input.sourceIdentity = "2c3a1f0e-0000-4000-8000-00000000000a"
        return input
    }

    @Test func aSessionActsAsItsRole() throws {
        var client = try client()
        let tester = try moto.credentials("tester")
        let session = try client.assumeRole(input(policy("assumed-*")), by: tester, in: region)
        #expect(session.sessionToken?.isEmpty == false && session.account == nil)
        let end = try #require(session.expiresAt) - Clock.milliseconds()
        #expect((3_400_000...3_700_000).contains(end))
        let identity = try client.callerIdentity(by: session, in: region)
        #expect(identity.arn.hasPrefix("arn:aws:sts::123456789012:assumed-role/portal/batchport") && !identity.isRoot)
        try client.put([1], bucket: bucket, key: "assumed-a", by: session, in: region)
    }

    @Test func whoMayNotComeInIsRefused() throws {
        var client = try client()
        let tester = try moto.credentials("tester")
        let wrong = #expect(throws: AWSError.self) {
            try client.assumeRole(input(policy("*"), "another"), by: tester, in: region)
        }
        #expect(wrong?.isAccessDenied == true && wrong?.outcome == .refused)
        let nobody = try moto.credentials("nobody")
        let denied = #expect(throws: AWSError.self) {
            try client.assumeRole(input(policy("*")), by: nobody, in: region)
        }
        #expect(denied?.isAccessDenied == true)
        let stranger = try moto.credentials("tester", secret: "wrong")
        let unsigned = #expect(throws: AWSError.self) {
            try client.assumeRole(input(policy("*")), by: stranger, in: region)
        }
        #expect(unsigned?.isCredentialRefused == true)
    }

    @Test func aPolicyThatIsTooLongIsNotSent() throws {
        var client = try client()
        let long = input(policy(String(repeating: "k", count: 2048)))
        let error = #expect(throws: AWSError.self) {
            try client.assumeRole(long, by: try moto.credentials("tester"), in: region)
        }
        #expect(error?.code == "BadArgument" && error?.status == nil)
    }

    /// A link dies with the session that signed it, and says so.
    @Test func linksEndWithTheirSession() throws {
        let client = try client()
        var key = AWSCredentials(accessKeyID: "ASIAEXAMPLE", secretAccessKey: "secret", sessionToken: "token")
        let end = Clock.milliseconds() + 60_000
        key.expiresAt = end
        let link = try client.presignGet(bucket: bucket, key: "k", seconds: 300, by: key, in: region)
        #expect(link.expiresAt == end)
        let form = try client.presignPost(bucket: bucket, key: "k", seconds: 3600, sizes: 1...2, by: key, in: region)
        #expect(form.expiresAt == end)
        key.expiresAt = nil
        let longer = try client.presignGet(bucket: bucket, key: "k", seconds: 300, by: key, in: region)
        #expect(longer.expiresAt > end)
    }
}

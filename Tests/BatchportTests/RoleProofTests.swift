import AWS
import FoundationEssentials
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// What is found of a role before it is used (trust.md S33), at the local region, which gives sessions as AWS does.
struct RoleProofTests {
    private let fixture: WorkerFixture

    init() throws { fixture = try WorkerFixture() }

    /// Of a role whose trust policy has this condition.
    private func look(_ condition: JSONValue?) throws -> RoleProof.Finding {
        let trust: JSONValue = [
            "Version": "2012-10-17",
            "Statement": [
                .object(
                    [
                        .init("Effect", "Allow"), .init("Principal", ["AWS": "000000000000"]),
                        .init("Action", ["sts:AssumeRole", "sts:SetSourceIdentity"]),
                    ] + (condition.map { [.init("Condition", $0)] } ?? []))
            ],
        ]
        try fixture.changeRegion(
            "INSERT INTO roles (name, trust) VALUES ('looked-at', \(JSONText(trust.serialized())))")
        let role = Role(
            credential: UUID(), owner: fixture.person, arn: "arn:aws:iam::000000000000:role/looked-at",
            externalID: "the-external-id", region: WorkerFixture.regionName, isProven: false)
        var bench = try fixture.bench()
        let portal = PortalIdentity(fixture.key, region: WorkerFixture.regionName)
        return try RoleProof(role: role).look(portal, &bench.aws)
    }

    @Test(
        arguments: [
            (nil, "can be assumed without an ExternalId"),
            (["StringLike": ["sts:ExternalId": "*"]], "can be assumed with any ExternalId"),
            (["StringEquals": ["sts:ExternalId": "another"]], "does not let this portal assume the role"),
        ] as [(JSONValue?, String)])
    func whoLetsOthersInIsRefused(condition: JSONValue?, words: String) throws {
        guard case .refused(let sentence) = try look(condition) else {
            Issue.record("it is proven")
            return
        }
        #expect(sentence.contains(words))
    }

    /// The session that proves it lasts as shortly as AWS allows and may do nothing.
    @Test func itsOwnExternalIDProvesIt() throws {
        let finding = try look(["StringEquals": ["sts:ExternalId": "the-external-id"]])
        let arn = "arn:aws:sts::000000000000:assumed-role/looked-at/batchport"
        #expect(finding == .proven(account: "000000000000", arn: arn))
        let made = try fixture.askRegion(
            """
            SELECT string_agg(concat_ws(' ', extract(epoch FROM expires_at - created_at)::int, session_policies), ', ')
            FROM access_keys WHERE principal = 'assumed-role/looked-at/batchport'
            """
        ) { try $0.text(0) }
        let denied = try JSONValue.parse(Array(SessionPolicy.nothing.text.utf8))
        let parts = try #require(made).split(separator: " ", maxSplits: 1)
        #expect(parts[0] == "900")
        let kept = try JSONValue.parse(Array(parts[1].utf8))
        #expect(kept[0]?["Statement"]?[0]?["Effect"] == denied["Statement"]?[0]?["Effect"])
        #expect(kept[0]?["Statement"]?[0]?["Action"] == "*")
    }

    /// A task may work for half an hour with the session that it is given.
    @Test func aSessionIsGivenWhileEnoughOfItIsLeft() {
        let input = AssumeRoleInput(roleARN: "arn:aws:iam::123456789012:role/r", sessionName: "s", policy: "{}")
        let key = RoleSessions.Key(credential: UUID(), input: input, region: "eu-central-1")
        var session = AWSCredentials(accessKeyID: "ASIA", secretAccessKey: "secret", sessionToken: "token")
        session.expiresAt = 3_600_000
        let sessions = RoleSessions()
        sessions.keep(session, for: key, at: 0)
        #expect(sessions.current(key, at: 1_800_000) != nil)
        #expect(sessions.current(key, at: 1_800_001) == nil)
    }
}

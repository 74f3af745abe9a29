import AWS
import HTTPClient
import TestSupport
import Testing

struct EndpointTests {
    /// What must never become a host's label (trust.md S38).
    static let notRegions = [
        "", "x@evil:443/#", "evil/", "eu-central-1@evil.example", "eu-central-1/", "eu-central-1#", "eu-central-1?",
        "eu-central-1.evil.example", "eu-central-1\r\nHost: evil", "eu-central-1\n", "\neu-central-1", " eu-central-1",
        "eu-central-1 ", "EU-CENTRAL-1", "eu_central_1", "eu-central-１", "eu-central-١", "еu-central-1",
        "eu--central-1", "-eu-central-1", "eu-central-", "eu-central", "e-central-1", "euc-central-1", "eu-1",
        "eu-central-1-", "eu-central-1\0", "eu-centr%61l-1", "localhost", "127.0.0.1", "[::1]", "..", "/", "\\",
        "http:",
        "eu-central-1:80", "zz-nowhere-1", "us-east-11", "us-local-1", "aws-global",
        "us-" + String(repeating: "a", count: 10_000) + "-1",
    ]

    @Test(arguments: notRegions)
    func unknownRegionsAreRefusedBeforeAnyLookUp(region: String) {
        var client = AWSClient(
            endpoints: AWSEndpoints(),
            http: HTTPClient(
                .init(isAllowed: { _ in
                    Issue.record("a name was looked up")
                    return false
                })), now: { 0 })
        #expect(!client.endpoints.isKnown(region))
        let error = #expect(throws: AWSError.self) { try client.callerIdentity(by: .example, in: region) }
        #expect(error?.code == "UnknownRegion" && error?.outcome == .refused)
        #expect(throws: AWSError.self) {
            try client.presignGet(bucket: "bucket", key: "a", seconds: 1, by: .example, in: region)
        }
    }

    @Test(arguments: [
        ("eu-central-1", "batch.eu-central-1.amazonaws.com"), ("cn-north-1", "batch.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "batch.us-gov-west-1.amazonaws.com"),
        ("us-isob-east-1", "batch.us-isob-east-1.sc2s.sgov.gov"),
    ])
    func awssOwnHosts(region: String, host: String) throws {
        let base = try #require(AWSEndpoints().base(.batch, region))
        #expect(base.host == host && base.scheme == "https" && !base.isOverridden)
    }

    @Test func settingsNameEndpoints() throws {
        let endpoints = try AWSEndpoints(overrides: [
            "us-local-1": "http://127.0.0.2:8080", "eu-west-1.s3": "HTTPS://S3.Example.com:443/",
        ])
        #expect(endpoints.base(.sts, "us-local-1")?.host == "127.0.0.2:8080")
        #expect(endpoints.base(.s3, "eu-west-1")?.host == "s3.example.com")
        #expect(endpoints.base(.batch, "eu-west-1")?.host == "batch.eu-west-1.amazonaws.com")
        #expect(endpoints.isOverridden("us-local-1") && !endpoints.isOverridden("us-local-2"))
        #expect(endpoints.isKnown("us-local-1") && endpoints.isKnown("eu-west-1") && !endpoints.isKnown("us-local-2"))
        #expect(endpoints.overriddenRegions == ["eu-west-1", "us-local-1"])
        #expect(endpoints.overriddenHosts == ["127.0.0.2", "s3.example.com"])
    }

    @Test func onlyTheSettingsEndpointsMayBeOnThisMachine() throws {
        let endpoints = try AWSEndpoints(overrides: [
            "us-local-1": "http://127.0.0.2:8080", "us-local-2": "http://[::1]",
        ])
        func mayReach(_ host: String, _ port: Int, _ address: [UInt8]) -> Bool {
            endpoints.mayReach(.init(host: host, port: port, address: address))
        }
        let loopback6 = [UInt8](repeating: 0, count: 15) + [1]
        #expect(mayReach("127.0.0.2", 8080, [127, 0, 0, 2]))
        #expect(mayReach("::1", 80, loopback6))
        #expect(!mayReach("127.0.0.2", 8081, [127, 0, 0, 2]))
        #expect(!mayReach("127.0.0.1", 8080, [127, 0, 0, 1]))
        #expect(!mayReach("batch.eu-west-1.amazonaws.com", 443, [169, 254, 169, 254]))
        #expect(mayReach("batch.eu-west-1.amazonaws.com", 443, [10, 0, 0, 9]))
    }

    @Test(arguments: [
        ("us-local-1", "ftp://127.0.0.1"), ("us-local-1", "127.0.0.1:80"), ("us-local-1", "http://"),
        ("us-local-1", "http://a:b"), ("us-local-1", "http://a:0"), ("us-local-1", "http://a/path"),
        ("us-local-1", "http://user@a"), ("us-local-1", "http://a?b"), ("us-local-1.ec2", "http://a"),
        ("us-local-1.s3.s3", "http://a"), ("US-LOCAL-1", "http://a"), ("", "http://a"), ("us-local-1", "http://a b"),
    ])
    func settingsThatAreNoEndpoints(key: String, url: String) {
        #expect(throws: AWSEndpoints.Problem.self) { try AWSEndpoints(overrides: [key: url]) }
    }

    @Test(arguments: [
        "ab", "A-bucket", "a_bucket", "bucket/", "bucket@evil", "-bucket", "bucket-", "a..b", "bucket?", "büket",
        String(repeating: "a", count: 64), "bucket\n", "",
    ])
    func aBucketsNameCannotLeaveItsLabel(name: String) {
        let client = AWSClient(endpoints: AWSEndpoints(), http: HTTPClient(), now: { 0 })
        let error = #expect(throws: AWSError.self) {
            try client.presignGet(bucket: name, key: "a", seconds: 60, by: .example, in: "eu-central-1")
        }
        #expect(error?.code == "InvalidBucketName")
    }
}

extension AWSCredentials {
    static let example = AWSCredentials(
        accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    static let session = AWSCredentials(
        accessKeyID: "ASIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        sessionToken: "IQoJb3JpZ2luX2VjE+/=SECRET")
}

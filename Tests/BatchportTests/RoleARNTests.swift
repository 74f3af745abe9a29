import Testing

@testable import Batchport

struct RoleARNTests {
    @Test(arguments: [
        "arn:aws:iam::123456789012:role/batchport", "arn:aws-cn:iam::123456789012:role/a/path/to/it",
        "arn:aws-us-gov:iam::123456789012:role/a_b+c=d,e.f@g-h",
    ])
    func areRead(text: String) throws {
        let role = try RoleARN(text)
        #expect(role.text == text && role.account == "123456789012")
    }

    @Test(arguments: [
        "", "batchport", "arn:aws:iam::123456789012:user/batchport", "arn:aws:iam::123456789012:role",
        "arn:aws:iam::123456789012:role/", "arn:aws:iam::12345678901:role/r", "arn:aws:iam::٠١٢٣٤٥٦٧٨٩٠١:role/r",
        "arn:aws:iam:eu-central-1:123456789012:role/r", "arn:aws:sts::123456789012:assumed-role/r/s",
        "arn:evil:iam::123456789012:role/r", "arn:aws:iam::123456789012:role/r:x", "arn:aws:iam::123456789012:role/a b",
        "arn:aws:iam::123456789012:role/r\n", "arn:aws:iam::123456789012:role//r", "arn:aws:iam::*:role/r",
        "arn:aws:iam::123456789012:role/*", "arn:aws:iam::123456789012:role/" + String(repeating: "r", count: 65),
        "arn:aws:iam::123456789012:role/" + String(repeating: "p/", count: 1100) + "r",
    ])
    func othersAreNot(text: String) {
        #expect(throws: RoleARN.Fault.self) { try RoleARN(text) }
    }

    @Test func aPartitionsRolesAreForItsRegions() throws {
        let role = try RoleARN("arn:aws-cn:iam::123456789012:role/r")
        #expect(role.fault(in: "eu-central-1")?.contains("aws-cn") == true)
        #expect(role.fault(in: "cn-north-1") == nil && role.fault(in: "of-ours-1") == nil)
        let local = try #require(role.fault(in: "us-local-1"))
        #expect(local.contains("the partition aws-cn, the region us-local-1 of aws:"))
    }
}

import AWS
import Cryptography
import JSON
import Testing

@testable import LocalRegion

@Suite struct PostPolicyTests {
    private let end: Int64 = 1_795_344_747_000

    private func policy(_ conditions: JSONValue, expiration: JSONValue? = nil) throws -> PostPolicy {
        let document: JSONValue = [
            "expiration": expiration ?? .string(AmzDate.dashed(end)), "conditions": conditions,
        ]
        return try PostPolicy(base64(document.serialized()))
    }

    @Test func everyFieldMustBeCovered() throws {
        let policy = try policy([["bucket": "b"], ["eq", "$key", "k"], ["starts-with", "$Content-Type", "image/"]])
        let fields = ["bucket": "b", "key": "k", "content-type": "image/png"]
        try policy.check(fields, now: end)
        try policy.check(
            fields.merging(["policy": "p", "x-amz-signature": "s", "x-ignore-me": "i"]) { $1 }, now: end)
        #expect(throws: LocalFault.self) { try policy.check(fields.merging(["acl": "public"]) { $1 }, now: end) }
    }

    @Test(arguments: [
        ["bucket": "c", "key": "k", "content-type": "image/png"],
        ["bucket": "b", "key": "kk", "content-type": "image/"],
        ["bucket": "b", "key": "k", "content-type": "text/html"], ["bucket": "b", "key": "k"],
        ["bucket": "b", "content-type": "image/png"],
    ])
    func conditionsHold(fields: [String: String]) throws {
        let policy = try policy([["bucket": "b"], ["eq", "$key", "k"], ["starts-with", "$Content-Type", "image/"]])
        let fault = #expect(throws: LocalFault.self) { try policy.check(fields, now: end) }
        #expect(fault?.status == 403 && fault?.message.contains("Policy Condition failed") == true)
    }

    @Test func lettersAreBytes() throws {
        let policy = try policy([["key": "\u{E9}"]])
        try policy.check(["key": "\u{E9}"], now: end)
        #expect(throws: LocalFault.self) { try policy.check(["key": "e\u{301}"], now: end) }
    }

    @Test func itEnds() throws {
        let policy = try policy([])
        try policy.check([:], now: end)
        let fault = #expect(throws: LocalFault.self) { try policy.check([:], now: end + 1) }
        #expect(fault?.message == "Invalid according to Policy: Policy expired.")
    }

    @Test func sizes() throws {
        #expect(try policy([["content-length-range", 1, 100]]).size == 1...100)
        #expect(try policy([["content-length-range", "1", "100"]]).size == 1...100)
        #expect(try policy([]).size == nil)
    }

    @Test(arguments: [
        "!", base64(Array("{".utf8)), base64(Array("{}".utf8)),
        base64(Array(#"{"expiration":"tomorrow","conditions":[]}"#.utf8)),
    ])
    func unreadable(text: String) {
        let fault = #expect(throws: LocalFault.self) { try PostPolicy(text) }
        #expect(fault?.status == 400 && fault?.code == "InvalidPolicyDocument")
    }

    @Test(
        arguments: [
            [["content-length-range", 5, 1]], [["content-length-range", -1, 1]], [["content-length-range", 1]],
            [["like", "$key", "x"]], [["eq", "key", "x"]], [["eq", "$key"]], [["key": 1]], ["key"],
        ] as [JSONValue])
    func badConditions(conditions: JSONValue) {
        #expect(throws: LocalFault.self) { try policy(conditions) }
    }
}

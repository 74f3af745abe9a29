import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// What no environment may be made of, each fault with its place, its code and its limit.
struct EnvironmentRefusalTests {
    private static let arn = EnvironmentEditingTests.arn

    private func create(_ changes: JSONValue, in portal: inout Portal) throws -> Answer {
        try portal.api("POST", "/environments", EnvironmentEditingTests.body(changes), as: portal.admin)
    }

    /// One member changed; the fault's pointer, its code, and its limit where it has one.
    private static let unfit: [(change: JSONValue, pointer: String, code: String, limit: Int?)] = [
        (["name": ""], "/name", "empty", nil), (["name": "Main"], "/name", "malformed", 63),
        (["name": "-a"], "/name", "malformed", 63),
        (["name": .string(String(repeating: "a", count: 64))], "/name", "malformed", 63),
        (["name": "local"], "/name", "taken", nil),
        (["description": "a\u{202E}b"], "/description", "controlCharacter", nil),
        (["ioBucket": ""], "/ioBucket", "missing", nil),
        (["ioBucket": "arn:aws:s3:::genomics-io"], "/ioBucket", "malformed", nil),
        (["ioBucket": "Genomics"], "/ioBucket", "malformed", nil), (["ioBucket": "ab"], "/ioBucket", "malformed", nil),
        (["ioBucket": "a..b"], "/ioBucket", "malformed", nil), (["ioBucket": "a-b-"], "/ioBucket", "malformed", nil),
        (["ioBucket": "10.0.0.1"], "/ioBucket", "malformed", nil),
        (["ioBucket": "xn--bucket"], "/ioBucket", "malformed", nil),
        (["ioBucket": "bucket-s3alias"], "/ioBucket", "malformed", nil),
        (["ioBucket": "genomics-io/folder"], "/ioBucket", "malformed", nil),
        (["prefix": "a"], "/prefix", "malformed", 256), (["prefix": "a//"], "/prefix", "malformed", 256),
        (["prefix": "../"], "/prefix", "malformed", 256), (["prefix": "a b/"], "/prefix", "malformed", 256),
        (["jobDefinition": ""], "/jobDefinition", "missing", nil),
        (["jobDefinition": "align:3"], "/jobDefinition", "malformed", nil),
        (["jobDefinition": .string(arn + "job-queue/high")], "/jobDefinition", "malformed", nil),
        (["jobDefinition": .string(arn + "job-definition/align:0")], "/jobDefinition", "malformed", nil),
        (["jobDefinition": .string(arn + "job-definition/align:x")], "/jobDefinition", "malformed", nil),
        (["jobDefinition": .string(arn + "job-definition/")], "/jobDefinition", "malformed", nil),
        (["jobDefinition": .string(arn + "job-definition/a b")], "/jobDefinition", "malformed", nil),
        (
            ["jobDefinition": "arn:aws:ecs:eu-central-1:123456789012:job-definition/align"], "/jobDefinition",
            "malformed", nil
        ),
        (
            ["jobDefinition": "arn:aws:batch:eu-central-9:123456789012:job-definition/align"], "/jobDefinition",
            "malformed", nil
        ),
        (
            ["jobDefinition": "arn:aws-cn:batch:eu-central-1:123456789012:job-definition/align"], "/jobDefinition",
            "malformed", nil
        ),
        (
            ["jobDefinition": "arn:aws:batch:eu-central-1:12345:job-definition/align"], "/jobDefinition", "malformed",
            nil
        ),
        (
            ["jobDefinition": "arn:aws:batch:x@evil:443/#:123456789012:job-definition/align"], "/jobDefinition",
            "malformed", nil
        ),
        (["jobQueue": .string(arn + "job-queue/high:1")], "/jobQueue", "malformed", nil),
        (["jobQueue": "arn:aws:batch:eu-west-1:123456789012:job-queue/high"], "/jobQueue", "disagrees", nil),
        (["jobQueue": "arn:aws:batch:eu-central-1:999999999999:job-queue/high"], "/jobQueue", "disagrees", nil),
        (["jobQueue": "arn:aws-cn:batch:cn-north-1:123456789012:job-queue/high"], "/jobQueue", "disagrees", nil),
        (["region": "eu-west-1"], "/region", "disagrees", nil),
        (["account": "999999999999"], "/account", "disagrees", nil),
        (["serviceObject": ["credential": .string(UUID().uuidString)]], "/serviceObject", "unknown", nil),
        (["custodian": .string(UUID().uuidString)], "/custodian", "unknown", nil),
        (["languages": []], "/languages", "empty", nil), (["languages": ["cobol"]], "/languages", "unknown", nil),
        (["languages": ["python", "python"]], "/languages", "duplicate", nil),
        (["memoryRule": ["mibPerVCPU": -1]], "/memoryRule/mibPerVCPU", "tooSmall", 0),
        (["memoryRule": ["floorMiB": 3]], "/memoryRule/floorMiB", "tooSmall", 4),
        (["memoryRule": ["mibPerGPU": 4_294_967_296]], "/memoryRule/mibPerGPU", "tooLarge", 2_147_483_647),
        (["limits": ["memory": 3]], "/limits/memory", "tooSmall", 4),
        (["limits": ["memory": 511]], "/limits/memory", "tooSmall", 512),
        (["limits": ["vcpuCount": 0]], "/limits/vcpuCount", "tooSmall", 1),
        (["limits": ["gpuCount": -1]], "/limits/gpuCount", "tooSmall", 0),
        (["limits": ["timeConstraint": 59]], "/limits/timeConstraint", "tooSmall", 60),
        (["limits": ["arraySize": 10_001]], "/limits/arraySize", "tooLarge", 10_000),
        (["limits": ["arraySize": 0]], "/limits/arraySize", "tooSmall", 1),
        (["limits": ["concurrentJobs": 0]], "/limits/concurrentJobs", "tooSmall", 1),
        (["limits": ["jobsPerDayPerPerson": 0]], "/limits/jobsPerDayPerPerson", "tooSmall", 1),
        (["limits": ["uploadBytes": 5_368_709_121]], "/limits/uploadBytes", "tooLarge", 5_368_709_120),
        (["forcedTags": ["aws:x": ""]], "/forcedTags", "malformed", nil),
        (["forcedTags": .object((0..<8).map { .init("t\($0)", "") })], "/forcedTags", "tooMany", 7),
        (["variables": ["A=B": "1"]], "/variables", "malformed", nil),
        (["variables": ["AWS_BATCH_X": "1"]], "/variables", "malformed", nil),
        (["variables": ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/1"]], "/variables", "malformed", nil),
        (["variables": ["AWS_SECRET_ACCESS_KEY": ["sealed": "x"]]], "/variables", "malformed", nil),
        (["variables": ["LD_AUDIT": "/x.so"]], "/variables", "malformed", nil),
        (["jobQueue": "arn:aws-cn:batch:us-local-1:123456789012:job-queue/high"], "/jobQueue", "malformed", nil),
        (["variables": ["A": .string(String(repeating: "x", count: 3000))]], "/variables", "tooLong", 3000),
        (["variables": ["A": ["sealed": true]]], "/variables", "missing", nil),
        (["grants": []], "/grants", "empty", nil),
        (["grants": [["person": "nobody@example.org"]]], "/grants", "unknown", nil),
        (["grants": [["person": "\0"]]], "/grants", "unknown", nil),
        (["grants": [["everyone": true], ["everyone": true, "sees": "all"]]], "/grants", "duplicate", nil),
        (
            ["grants": [["person": "sam@example.org"], ["person": "SAM@example.org", "sees": "all"]]], "/grants",
            "duplicate", nil
        ),
    ]

    @Test func refusesWhatDoesNotFitAndStoresNothing() throws {
        var portal = try Portal()
        for (change, pointer, code, limit) in Self.unfit {
            let answer = try create(change, in: &portal)
            #expect(answer.status == 422, "\(change.text.prefix(90)): \(answer.text)")
            let found = answer.json["errors"]?.array?.first { $0["pointer"]?.string == pointer }
            #expect(found?["code"]?.string == code, "\(change.text.prefix(90)): \(answer.text)")
            #expect(found?["limit"]?.integer == limit, "\(change.text.prefix(90))")
        }
        #expect(try portal.count("SELECT count(*) FROM environments") == 1)
        #expect(try portal.count("SELECT count(*) FROM environment_versions") == 0)
    }

    @Test func everyFaultIsToldAtOnce() throws {
        var portal = try Portal()
        let answer = try portal.api(
            "POST", "/environments", ["name": "", "limits": ["vcpuCount": 0]], as: portal.admin)
        #expect(answer.status == 422)
        #expect(
            Set(answer.pointers) == [
                "/name", "/ioBucket", "/jobDefinition", "/jobQueue", "/limits/vcpuCount",
            ])
    }

    private static let unreadable: [JSONValue] = [
        ["provider": "Azure"], ["health": [:]], ["version": 7], ["serviceObject": "Nobody"], ["serviceObject": [:]],
        ["serviceObject": ["credential": "x"]], ["custodian": "x"], ["languages": "python"], ["limits": ["cpus": 1]],
        ["limits": ["memory": "8 GB"]], ["variables": ["A": 1]], ["variables": ["A": ["sealed": 1]]],
        ["grants": [["group": "x"]]], ["grants": [["everyone": true, "sees": "some"]]], ["grants": "everyone"],
        ["forcedTags": ["a": 1]], ["enabled": "yes"],
    ]

    @Test func refusesWhatCannotBeRead() throws {
        var portal = try Portal()
        for change in Self.unreadable {
            #expect(try create(change, in: &portal).status == 400, "\(change.text)")
        }
    }
}

import FoundationEssentials
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// The worker asks CloudFormation for a stack, with a credential of who asks and with no other.
struct StackLookTests {
    private let fixture: WorkerFixture

    init() throws { fixture = try WorkerFixture() }

    private func ask(
        _ stack: String, region: String = WorkerFixture.regionName, credential: UUID? = nil, person: UUID? = nil
    ) throws -> (answer: JSONValue?, failure: String?) {
        let id = UUID()
        try fixture.change(
            """
            INSERT INTO links (id, person, kind, stack, region, credential) VALUES (\(id), \(person ?? fixture.person),
                'stack', \(stack), \(region), \(credential ?? fixture.credential))
            """)
        var bench = try fixture.bench()
        try fixture.run(PresignTask.kind, ["link": .string(id.lower)], at: &bench)
        let row = try fixture.ask("SELECT answer::text, failure FROM links WHERE id = \(id)") {
            (answer: try $0.textOptional(0), failure: try $0.textOptional(1))
        }
        let found = try #require(row)
        return (try found.answer.map { try JSONValue.parse(Array($0.utf8)) }, found.failure)
    }

    @Test func itsOutputsAreAnEnvironments() throws {
        let answer = try #require(try ask("batchport-local").answer)
        #expect(answer["isReady"] == true && answer["status"] == "CREATE_COMPLETE")
        let outputs = try StackOutputs(answer["outputs"] ?? nil)
        #expect(outputs.values["jobQueue"]?.hasSuffix(":job-queue/local") == true)
        let use = try fixture.ask("SELECT detail::text FROM audit WHERE action = 'credential.used'") { try $0.text(0) }
        #expect(use?.contains("batchport-local") == true && use?.contains("\"purpose\": \"stack\"") == true)
    }

    @Test func whyThereIsNothing() throws {
        #expect(
            try ask("nothing").answer?["refused"]
                == "There is no stack of this name in us-local-1 in the account of this credential.")
        #expect(try ask("s", region: "us-nowhere-7").answer?["refused"] == "There is no region of this name here.")
        try fixture.order(fault: "error", of: "DescribeStacks", status: 403, code: "AccessDenied")
        #expect(
            try ask("batchport-local").answer?["refused"]?.string?.contains("cloudformation:DescribeStacks") == true)
        try fixture.order(fault: "error", of: "DescribeStacks", status: 403, code: "InvalidClientTokenId")
        #expect(try ask("batchport-local").failure == "held")
    }

    @Test func anotherPersonsCredentialIsNotUsed() throws {
        let other = UUID()
        try fixture.change(
            """
            INSERT INTO people (id, email, name, role, password)
            VALUES (\(other), 'eve@example.org', 'Eve', 'admin', '')
            """)
        #expect(try ask("batchport-local", person: other).failure == "notFound")
        #expect(try fixture.count("SELECT count(*) FROM audit WHERE action = 'credential.used'") == 0)
    }
}

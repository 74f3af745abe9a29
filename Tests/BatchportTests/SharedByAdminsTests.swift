import FoundationEssentials
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// What signs for others is an admin's.
struct SharedByAdminsTests {
    private func manage(_ portal: borrowing Portal) throws -> UUID {
        let id = UUID()
        try portal.owner(
            "INSERT INTO environment_managers (environment, person) VALUES (\(portal.environment), \(portal.member.id))"
        )
        try portal.owner(
            """
            INSERT INTO credentials (id, owner, name, kind, access_key_hint, region)
            VALUES (\(id), \(portal.member.id), 'mine', 'accessKey', 'ABCD', 'us-local-1')
            """)
        let arn = "arn:aws:batch:us-local-1:000000000000:"
        let (definition, queue) = (arn + "job-definition/d", arn + "job-queue/q")
        try portal.owner("UPDATE environments SET job_definition = \(definition), job_queue = \(queue)")
        return id
    }

    @Test func aManagerNamesNoKeyOfTheirOwn() throws {
        var portal = try Portal()
        let id = try manage(portal)
        let path = "/environments/\(portal.environment.lower)"
        let match = [("if-match", "*")]
        let changes: [(JSONValue, String)] = [
            (["serviceObject": ["credential": .string(id.lower)]], "/serviceObject"),
            (["custodian": .string(id.lower)], "/custodian"),
        ]
        for (change, pointer) in changes {
            let answer = try portal.api("PATCH", path, change, match)
            #expect(answer.status == 422 && answer.pointers == [pointer], "\(answer.text)")
        }
        // What is there already stays, and may be taken away.
        #expect(try portal.api("PATCH", path, ["description": "x"], match).status == 200)
        #expect(try portal.api("PATCH", path, ["serviceObject": "Automatic"], match).status == 200)
        let form = try portal.page(path + "/edit").text
        #expect(!form.contains(id.lower))
    }

    @Test func nobodyCeasesToBeAnAdminWhileTheirKeySigns() throws {
        var portal = try Portal()
        let other = UUID()
        try portal.owner(
            """
            INSERT INTO people (id, email, name, role, password)
            VALUES (\(other), 'second@example.org', 'Second', 'admin', '')
            """)
        let token = try portal.formToken(as: portal.admin)
        let path = "/admin/people/\(portal.admin.id.lower)/role"
        let fields = [("form_token", token), ("role", "member")]
        let answer = try portal.form(path, fields, as: portal.admin)
        #expect(answer.status == 422 && answer.text.contains("uses a credential of theirs"))
        #expect(try portal.count("SELECT count(*) FROM people WHERE role = 'admin'") == 2)
        try portal.owner("UPDATE environments SET service_object = 'automatic', credential = NULL")
        #expect(try portal.form(path, fields, as: portal.admin).status == 303)
        #expect(try portal.count("SELECT count(*) FROM people WHERE role = 'admin'") == 1)
    }
}

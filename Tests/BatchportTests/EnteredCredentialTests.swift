import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import Testing

@testable import Batchport

/// `ServiceObject` New: a credential for one job alone.
struct EnteredCredentialTests {
    static let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    static let credential: JSONValue = ["accessKeyID": "AKIAIOSFODNN7EXAMPLE", "secretAccessKey": .string(secret)]

    private func portal() throws -> Portal {
        let portal = try Portal()
        try portal.owner("UPDATE environments SET service_object = 'new', credential = NULL")
        try portal.worker(["INSERT INTO vault_tests (tested_at, ok, detail) VALUES (now(), true, '')"])
        return portal
    }

    @Test func isAskedForWhereItIsTakenAndRefusedElsewhere() throws {
        var portal = try portal()
        #expect(try portal.submit(portal.submission()).pointers == ["/credential"])
        for (credential, pointer) in [
            (["accessKeyID": "short", "secretAccessKey": .string(Self.secret)], "/credential/accessKeyID"),
            (["accessKeyID": "AKIAIOSFODNN7EXAMPLE", "secretAccessKey": ""], "/credential/secretAccessKey"),
            (
                [
                    "accessKeyID": "AKIAIOSFODNN7EXAMPLE", "secretAccessKey": .string(Self.secret),
                    "sessionToken": .string(String(repeating: "t", count: 8193)),
                ], "/credential/sessionToken"
            ),
        ] as [(JSONValue, String)] {
            let answer = try portal.submit(portal.submission(["credential": credential]))
            #expect(answer.status == 422 && answer.pointers == [pointer], "\(answer.text)")
        }
        #expect(try portal.submit(portal.submission(["credential": ["key": "x"]])).status == 400)
        #expect(try portal.submit(portal.submission(["credential": "x"])).status == 400)
        #expect(try portal.count("SELECT count(*) FROM credentials WHERE job IS NOT NULL") == 0)
        try portal.owner("UPDATE environments SET service_object = 'credential', credential = \(portal.credential)")
        #expect(try portal.submit(portal.submission(["credential": Self.credential])).pointers == ["/credential"])
    }

    @Test func isSealedForItsJobAndNothingElse() throws {
        var portal = try portal()
        let body = portal.submission(["credential": Self.credential])
        let answer = try portal.submit(body, key: "same")
        #expect(answer.status == 201, "\(answer.text)")
        // The same submission with another secret is the same: no part of the secret was kept to tell.
        let other: JSONValue = ["accessKeyID": "AKIAIOSFODNN7EXAMPLE", "secretAccessKey": "another secret, as long as"]
        #expect(try portal.submit(portal.submission(["credential": other]), key: "same").text == answer.text)
        #expect(!answer.text.contains(Self.secret))
        let job = try #require(answer.json["jobUUID"]?.string.flatMap(UUID.init(uuidString:)))
        #expect(
            try portal.count(
                """
                SELECT count(*) FROM credentials c JOIN jobs j ON j.credential = c.id
                WHERE c.job = j.id AND j.id = \(job) AND c.ingress IS NOT NULL AND NOT c.is_default
                """) == 1)
        // Neither a saved credential nor a default one, nor anything to list or share.
        #expect(!(try portal.page("/credentials").text.contains("For one job")))
        try portal.owner("UPDATE environments SET service_object = 'automatic'")
        #expect(try portal.submit(portal.submission()).pointers == ["/environment"])
        #expect(try portal.api("GET", "/jobs/\(job.lower)/submission").json["credential"] == nil)
        try portal.owner("DELETE FROM idempotency_keys")
        try portal.owner("DELETE FROM jobs WHERE id = \(job)")
        #expect(try portal.count("SELECT count(*) FROM credentials WHERE job IS NOT NULL") == 0)
    }

    @Test func isForgottenOnceTheJobIsSettledIfSoChosen() throws {
        var portal = try portal()
        var ids: [UUID] = []
        for forget in [true, false] {
            let credential = JSONValue.object(
                (Self.credential.members ?? []) + [.init("forgetAfterCapture", .bool(forget))])
            ids.append(try portal.submitted(["credential": credential]))
        }
        let kept: SQL =
            "SELECT count(*) FROM credentials WHERE job IS NOT NULL AND ingress IS NOT NULL AND deleted_at IS NULL"
        try portal.worker(["UPDATE jobs SET capture = 'partial'"])
        #expect(try portal.count(kept) == 2)
        try portal.worker(["UPDATE jobs SET phase = 'neverSent', settled_at = now()"])
        #expect(try portal.count(kept) == 1)
        #expect(
            try portal.count("SELECT count(*) FROM credentials WHERE job = \(ids[0]) AND deleted_at IS NOT NULL") == 1)
    }

    @Test func withoutTheVaultNothingIsTaken() throws {
        var portal = try portal()
        try portal.worker(["UPDATE vault_tests SET tested_at = now() - interval '2 minutes'"])
        #expect(try portal.submit(portal.submission(["credential": Self.credential])).status == 503)
        #expect(try portal.count("SELECT count(*) FROM jobs") == 0)
    }

    @Test func theFormAsksForItAndShowsItToNobody() throws {
        var portal = try portal()
        let page = try portal.page("/jobs/new?environment=local&secretAccessKey=\(Self.secret)").text
        #expect(page.contains("name=\"secretAccessKey\" value=\"\"") && page.contains("no custodian"))
        #expect(!page.contains(Self.secret))
    }
}

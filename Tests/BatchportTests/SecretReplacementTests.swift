import AWS
import FoundationEssentials
import JSON
import PostgreSQL
import TestSupport
import Testing
import Vault

@testable import Batchport

/// A credential's secret is replaced: seen by the worker first, of the same account, and what waited goes on.
struct SecretReplacementTests {
    private let fixture: WorkerFixture

    init() throws { fixture = try WorkerFixture() }

    private func give(_ key: AWSCredentials, seal version: Int? = nil) throws {
        let vault = try Vault(
            privateKey: fixture.privateKey, rootKey: fixture.rootKey, ownerKeys: fixture.folder.path)
        let present = try fixture.count("SELECT version FROM credentials WHERE id = \(fixture.credential)")
        let entered = AccessKey(id: key.accessKeyID, secret: key.secretAccessKey, sessionToken: "")
        let ingress = try entered.sealed(
            fixture.credential, owner: fixture.person, version: version ?? present + 1, vault.publicKey())
        try fixture.change(
            "UPDATE credentials SET next_ingress = \(ingress), next_hint = \(entered.hint), next_trouble = NULL")
    }

    private func replace() throws -> String {
        var bench = try fixture.bench()
        return try fixture.run(
            SecretReplacement.kind, ["credential": .string(fixture.credential.lower)], at: &bench)
    }

    private func trouble() throws -> String? {
        try fixture.ask("SELECT next_trouble FROM credentials WHERE next_ingress IS NULL") {
            try $0.textOptional(0)
        } ?? nil
    }

    @Test func aRotatedKeyMendsTheJobsThatWereBoundToIt() throws {
        let id = try fixture.insert()
        try fixture.changeRegion("UPDATE access_keys SET secret = 'rotated-away'")
        try fixture.run(SubmitTask.kind, job: id)
        #expect(try fixture.job(id).phase == "held")
        try fixture.changeRegion("UPDATE access_keys SET secret = \(fixture.key.secretAccessKey)")
        try give(fixture.key)
        #expect(try replace() == "done")
        let taken: SQL = """
            SELECT count(*) FROM credentials WHERE version = 2 AND ingress IS NULL AND next_ingress IS NULL
                AND sealed IS NOT NULL AND health = 'ok' AND account = '000000000000' AND replaced_at IS NOT NULL
                AND access_key_hint = \(String(fixture.key.accessKeyID.suffix(4)))
            """
        #expect(try fixture.count(taken) == 1)
        #expect(try fixture.job(id).phase == "queued")
        var bench = try fixture.bench()
        #expect(try fixture.runDue(SubmitTask.kind, at: &bench) == "done")
        #expect(try fixture.job(id).phase == "sent")
        #expect(
            try fixture.count(
                "SELECT count(*) FROM audit WHERE action = 'credential.replaced' AND by_process = 'worker'")
                == 1)
    }

    @Test func oneThatAWSRefusesChangesNothing() throws {
        try give(AWSCredentials(accessKeyID: fixture.key.accessKeyID, secretAccessKey: "mistyped-mistyped"))
        #expect(try replace() == "done")
        #expect(try trouble()?.contains("GetCallerIdentity") == true)
        #expect(
            try fixture.count("SELECT count(*) FROM credentials WHERE version = 1 AND ingress IS NOT NULL") == 1)
        // The one before signs as ever.
        let id = try fixture.insert()
        try fixture.run(SubmitTask.kind, job: id)
        #expect(try fixture.job(id).phase == "sent")
    }

    @Test func oneOfAnotherAccountIsRefused() throws {
        try fixture.change("UPDATE credentials SET account = '111111111111'")
        try give(fixture.key)
        #expect(try replace() == "done")
        #expect(
            try trouble()?.hasPrefix("It is of the account 000000000000, and this credential of 111111111111.") == true)
        // Where AWS has never said whose it was: of the account that it signs for.
        try fixture.change("UPDATE credentials SET account = NULL")
        try fixture.change("UPDATE environments SET account = '222222222222'")
        try give(fixture.key)
        #expect(try replace() == "done")
        #expect(try trouble()?.contains("this credential of 222222222222.") == true)
        #expect(try fixture.count("SELECT count(*) FROM credentials WHERE version = 1") == 1)
    }

    @Test func whileAWSIsNotReachedItIsTriedAgain() throws {
        try fixture.order(fault: "error", of: "GetCallerIdentity", status: 503, code: "ServiceUnavailable")
        try fixture.changeRegion("UPDATE faults SET remaining = 1000")
        try give(fixture.key)
        var hasty = try fixture.bench()
        hasty.aws.times.call = 200
        let task: JSONValue = ["credential": .string(fixture.credential.lower)]
        #expect(try fixture.run(SecretReplacement.kind, task, at: &hasty) == "retryable")
        #expect(try fixture.count("SELECT count(*) FROM credentials WHERE next_ingress IS NOT NULL") == 1)
        try fixture.changeRegion("DELETE FROM faults")
        var bench = try fixture.bench()
        #expect(try fixture.runDue(SecretReplacement.kind, at: &bench) == "done")
        #expect(try fixture.count("SELECT count(*) FROM credentials WHERE version = 2") == 1)
    }

    @Test func oneSealedForAnotherVersionDoesNotOpen() throws {
        try give(fixture.key, seal: 7)
        #expect(try replace() == "done")
        #expect(try trouble() == "It cannot be opened: enter it again.")
    }

    @Test func itGoesWithTheCredential() throws {
        try give(fixture.key)
        try fixture.change("UPDATE environments SET service_object = 'automatic', credential = NULL")
        try fixture.change("UPDATE credentials SET deleted_at = now(), ingress = NULL, sealed = NULL")
        #expect(
            try fixture.count("SELECT count(*) FROM credentials WHERE next_ingress IS NULL AND next_hint IS NULL") == 1)
        #expect(try replace() == "done")
    }
}

/// The way of a new secret from a page or a program into the vault.
struct NewSecretTests {
    private static let secret = "CANARYcanaryCANARYcanaryCANARYcanary/+12"
    private static let body: JSONValue = ["accessKeyID": "AKIAIOSFODNN7REPLACE", "secretAccessKey": .string(secret)]

    /// A key of the member's, in an open vault.
    private func prepare(_ portal: borrowing Portal) throws -> UUID {
        let id = UUID()
        try portal.worker(["INSERT INTO vault_tests (tested_at, ok, detail) VALUES (now(), true, '')"])
        try portal.owner(
            """
            INSERT INTO credentials (id, owner, name, kind, access_key_hint, region, account)
            VALUES (\(id), \(portal.member.id), 'mine', 'accessKey', 'ABCD', 'us-local-1', '000000000000')
            """)
        return id
    }

    @Test func byThePage() throws {
        var portal = try Portal()
        let id = try prepare(portal)
        let list = try portal.page("/credentials").text
        #expect(list.contains("href=\"/credentials?replace=\(id.lower)\""))
        let form = try portal.page("/credentials?replace=\(id.lower)").text
        #expect(form.contains("Replace the secret of mine") && form.contains("000000000000"))
        let token = try portal.formToken()
        let fields = [
            ("form_token", token), ("access_key_id", "AKIAIOSFODNN7REPLACE"), ("secret_access_key", Self.secret),
        ]
        let path = "/credentials/\(id.lower)/secret"
        let wrong = try portal.form(path, [("form_token", token), ("access_key_id", "short")])
        #expect(wrong.status == 422 && wrong.text.contains("id=\"secret_access_key-error\""))
        #expect(try portal.form(path, fields).status == 303)
        let page = try portal.page("/credentials").text
        #expect(page.contains("A new key ending LACE is being checked") && !page.contains("CANARY"))
        #expect(try portal.count("SELECT count(*) FROM tasks WHERE kind = 'replaceSecret'") == 1)
        #expect(try portal.count("SELECT count(*) FROM audit WHERE action = 'credential.secretGiven'") == 1)
        #expect(
            try portal.count(
                "SELECT count(*) FROM credentials WHERE position('CANARY'::bytea in next_ingress) = 0 AND version = 1")
                == 1)
        let strangers = try portal.formToken(as: portal.stranger)
        let theirs = [("form_token", strangers)] + fields.dropFirst()
        #expect(try portal.form(path, theirs, as: portal.stranger).status == 404)
        #expect(try portal.page("/credentials?replace=\(id.lower)", as: portal.stranger).status == 404)
        try portal.worker(["UPDATE vault_tests SET tested_at = now() - interval '61 s'"])
        #expect(try portal.form(path, fields).status == 503)
    }

    /// A token acts on the credential that it names, and on no other of the same person.
    @Test func byATokenThatNamesIt() throws {
        var portal = try Portal()
        let (id, other) = (try prepare(portal), UUID())
        try portal.owner(
            """
            INSERT INTO credentials (id, owner, name, kind, access_key_hint, region)
            VALUES (\(other), \(portal.member.id), 'another', 'accessKey', 'EFGH', 'us-local-1')
            """)
        #expect(try portal.api("PUT", "/credentials/\(id.lower)/secret", Self.body).status == 404)
        #expect(try portal.api("GET", "/credentials").json["items"]?.array?.isEmpty == true)
        try portal.owner("UPDATE tokens SET credential = \(id) WHERE person = \(portal.member.id)")
        let found = try portal.api("GET", "/credentials").json["items"]?.array ?? []
        #expect(found.count == 1 && found.first?["accessKeyID"]?.string == "ABCD")
        let answer = try portal.api("PUT", "/credentials/\(id.lower)/secret", Self.body)
        #expect(answer.status == 202 && answer.json["replacement"]?["state"]?.string == "checking")
        #expect(!answer.text.contains("CANARY") && !answer.text.contains("AKIA"))
        #expect(try portal.api("PUT", "/credentials/\(other.lower)/secret", Self.body).status == 404)
        #expect(try portal.api("POST", "/credentials/\(other.lower)/check").status == 404)
        #expect(try portal.api("POST", "/credentials/\(id.lower)/check").status == 202)
        #expect(try portal.api("DELETE", "/credentials/\(other.lower)").status == 404)
        let unfit = try portal.api("PUT", "/credentials/\(id.lower)/secret", ["accessKeyID": "x"])
        #expect(Set(unfit.pointers) == ["/accessKeyID", "/secretAccessKey"])
        #expect(try portal.api("PUT", "/credentials/\(id.lower)/secret", ["secret": "x"]).status == 400)
        #expect(try portal.api("DELETE", "/credentials/\(id.lower)").status == 204)
        #expect(try portal.count("SELECT count(*) FROM credentials WHERE id = \(id) AND next_ingress IS NULL") == 1)
    }

    @Test func aTokenForItNamesOneKeyOfItsOwners() throws {
        var portal = try Portal()
        let id = try prepare(portal)
        let token = try portal.formToken()
        let fields = [("form_token", token), ("name", "rotation"), ("scopes", "credentials:replace")]
        #expect(try portal.form("/tokens", fields).text.contains("Choose the access key of yours"))
        #expect(try portal.form("/tokens", fields + [("credential", portal.credential.lower)]).status == 422)
        #expect(try portal.form("/tokens", fields + [("credential", id.lower)]).status == 200)
        let plain = [("form_token", token), ("name", "x"), ("scopes", "jobs:read"), ("credential", id.lower)]
        #expect(try portal.form("/tokens", plain).status == 422)
        #expect(try portal.count("SELECT count(*) FROM tokens WHERE credential = \(id)") == 1)
    }

    /// A pressed check does not wait for the time of the next attempt.
    @Test func whatIsPressedIsDoneNow() throws {
        var portal = try Portal()
        let id = try prepare(portal)
        let token = try portal.formToken()
        let press = { (portal: inout Portal) in
            try portal.form("/credentials/\(id.lower)/check", [("form_token", token)]).status
        }
        #expect(try press(&portal) == 303)
        try portal.worker([
            "UPDATE tasks SET state = 'retryable', ready = false, run_at = now() + interval '1 hour', attempt = 9"
        ])
        #expect(try press(&portal) == 303)
        #expect(try portal.count("SELECT count(*) FROM tasks WHERE ready AND run_at <= now() AND attempt = 9") == 1)
    }
}

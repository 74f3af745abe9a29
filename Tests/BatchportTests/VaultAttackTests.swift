import Cryptography
import FoundationEssentials
import JSON
import PostgreSQL
import Tasks
import TestSupport
import Testing
import Vault

@testable import AWS
@testable import Batchport

/// The attacks of trust.md S26, S29, S35, S36 and S37 on what the database holds. Those on single records are
/// VaultTests', those on processes and files test_vault.py's and test_vault_secrecy.py's.
struct VaultAttackTests {
    private let fixture: WorkerFixture

    init() throws { fixture = try WorkerFixture() }

    /// As the worker has sealed it.
    private func sealed(_ name: String, owner: UUID? = nil, of key: AWSCredentials? = nil) throws -> UUID {
        let (id, owner, key) = (UUID(), owner ?? fixture.person, key ?? fixture.key)
        let vault = try Vault(
            privateKey: fixture.privateKey, rootKey: fixture.rootKey, ownerKeys: fixture.folder.path)
        let context = SealContext(
            table: "credentials", row: id.lower, owner: owner.lower, field: "accessKey", version: 1)
        let secret: JSONValue = [
            "accessKeyID": .string(key.accessKeyID), "secretAccessKey": .string(key.secretAccessKey),
        ]
        let record = try vault.seal(SecretBytes(secret.serialized()), context: context)
        try fixture.change(
            """
            INSERT INTO credentials (id, owner, name, kind, access_key_hint, region, sealed)
            VALUES (\(id), \(owner), \(name), 'accessKey', 'ABCD', 'us-local-1', \(record))
            """)
        return id
    }

    private func health(_ id: UUID) throws -> String? {
        var bench = try fixture.bench()
        try fixture.run(CredentialCheck.kind, ["credential": .string(id.lower)], at: &bench)
        return try fixture.ask("SELECT health FROM credentials WHERE id = \(id)") { try $0.text(0) }
    }

    private func addPerson(_ name: String) throws -> UUID {
        let id = UUID()
        let email = name + "@example.org"
        try fixture.change(
            "INSERT INTO people (id, email, name, role, password) VALUES (\(id), \(email), \(name), 'member', '')")
        return id
    }

    @Test func s26RecordsExchangedBetweenRowsPeopleAndVersionsOpenNowhere() throws {
        let other = try addPerson("bea")
        let (first, second, theirs) = (try sealed("one"), try sealed("two"), try sealed("three", owner: other))
        #expect(try health(first) == "ok")
        let exchange: [SQL] = [
            "UPDATE credentials a SET sealed = b.sealed FROM credentials b WHERE a.id = \(first) AND b.id = \(second)",
            "UPDATE credentials a SET sealed = b.sealed FROM credentials b WHERE a.id = \(first) AND b.id = \(theirs)",
            "UPDATE credentials SET version = 2 WHERE id = \(first)",
            "UPDATE credentials SET owner = \(other) WHERE id = \(first)",
            "UPDATE credentials SET sealed = substring(sealed FOR 60) WHERE id = \(first)",
            "UPDATE credentials SET sealed = set_byte(sealed, 0, 2) WHERE id = \(first)",
            "UPDATE credentials SET sealed = NULL, ingress = sealed WHERE id = \(first)",
        ]
        let good = try #require(
            try fixture.ask("SELECT sealed FROM credentials WHERE id = \(first)") { try $0.bytes(0) })
        for attack in exchange {
            try fixture.change(attack)
            #expect(try health(first) == "unreadable", "\(attack.text)")
            try fixture.change(
                """
                UPDATE credentials SET sealed = \(good), ingress = NULL, version = 1, owner = \(fixture.person)
                WHERE id = \(first)
                """)
            #expect(try health(first) == "ok", "\(attack.text)")
        }
        #expect(
            try fixture.count("SELECT count(*) FROM audit WHERE action = 'credential.notOpened'") == exchange.count)
    }

    @Test func s29AnOldDumpsRecordsNameKeysThatAreGone() throws {
        let id = try sealed("one")
        let old = try #require(try fixture.ask("SELECT sealed FROM credentials WHERE id = \(id)") { try $0.bytes(0) })
        var bench = try fixture.bench()
        try fixture.change("SELECT start_rotation('owners', NULL)")
        for _ in 0..<9 { try fixture.runDue(RotationTask.kind, at: &bench) }
        #expect(try health(id) == "ok")
        // The database's owner can put it back, past its trigger; it opens no more.
        try fixture.change("ALTER TABLE credentials DISABLE TRIGGER credentials_live")
        try fixture.change("UPDATE credentials SET sealed = \(old) WHERE id = \(id)")
        #expect(try health(id) == "unreadable")
    }

    /// Nothing else signs in its place: not the environment's shared one, not another of the same person's.
    @Test func s35ADeletedCredentialIsReplacedByNone() throws {
        let other = try sealed("another good one")
        let id = try fixture.insert()
        try fixture.change(
            "UPDATE credentials SET deleted_at = now(), ingress = NULL, sealed = NULL WHERE id = \(fixture.credential)")
        try fixture.run(SubmitTask.kind, job: id)
        #expect(try fixture.job(id).phase == "held" && fixture.accepted(id) == 0)
        #expect(
            try fixture.count("SELECT count(*) FROM audit WHERE action = 'credential.used' AND subject = \(other)") == 0
        )
    }

    @Test func s36ARootUsersKeyIsRefused() {
        let root = CallerIdentity(
            account: "123456789012", arn: "arn:aws:iam::123456789012:root", userID: "123456789012")
        #expect(CredentialCheck.finding(for: root).health == .refused)
        let user = CallerIdentity(
            account: "123456789012", arn: "arn:aws:iam::123456789012:user/root", userID: "AIDA")
        #expect(CredentialCheck.finding(for: user).health == .ok)
    }

    /// One person's key is refused by AWS; the other's work goes on in the same environment.
    @Test func s36AnInvalidCredentialPausesItsOwnersWorkOnly() throws {
        let other = try addPerson("bea")
        let theirs = try sealed("theirs", owner: other)
        let wrong = AWSCredentials(accessKeyID: fixture.key.accessKeyID, secretAccessKey: "a wrong secret that is long")
        let bad = try sealed("bad", of: wrong)
        let (mine, their) = (try fixture.insert(), try fixture.insert())
        try fixture.change("UPDATE jobs SET credential = \(bad) WHERE id = \(mine)")
        try fixture.change("UPDATE jobs SET owner = \(other), credential = \(theirs) WHERE id = \(their)")
        try fixture.run(SubmitTask.kind, job: mine)
        try fixture.run(SubmitTask.kind, job: their)
        #expect(try fixture.job(mine).phase == "held" && fixture.job(their).phase == "sent")
        // Nobody is called again and again: it waits for the credential, which is looked at.
        #expect(
            try fixture.count(
                "SELECT count(*) FROM jobs WHERE id = \(mine) AND held_cause = 'credentialRefused' AND held_who = 'you'"
            )
                == 1)
    }

    /// Nor one entered for a single job, nor one that signs before it was looked at: nothing is sent with either.
    @Test func s36ARootUsersKeySendsNoJob() throws {
        try fixture.changeRegion("UPDATE access_keys SET principal = ':root' WHERE id = \(fixture.key.accessKeyID)")
        try fixture.changeRegion(
            """
            INSERT INTO identity_policies VALUES ('user/:root', 'all',
                '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}')
            """)
        let (saved, entered) = (try fixture.insert(), try fixture.insert())
        #expect(try fixture.run(SubmitTask.kind, job: saved) == "done")
        #expect(try fixture.job(saved).phase == "held" && fixture.job(saved).reason == RootUser.sentence)
        #expect(try fixture.ask("SELECT health FROM credentials") { try $0.text(0) } == "refused")
        try fixture.change("UPDATE credentials SET job = \(entered), health = 'unchecked', is_default = false")
        #expect(try fixture.run(SubmitTask.kind, job: entered) == "done")
        #expect(
            try fixture.job(entered) == .init(phase: "refused", reason: RootUser.ofOneJob, isSettled: true))
        #expect(try fixture.accepted(saved) == 0 && fixture.accepted(entered) == 0)
        // A user's key, entered for one job, sends it.
        try fixture.changeRegion("UPDATE access_keys SET principal = 'first' WHERE id = \(fixture.key.accessKeyID)")
        let other = try fixture.insert()
        try fixture.change("UPDATE credentials SET job = \(other)")
        #expect(try fixture.run(SubmitTask.kind, job: other) == "done")
        #expect(try fixture.accepted(other) == 1)
        #expect(
            try fixture.count("SELECT count(*) FROM credentials WHERE arn LIKE '%:user/first' AND health = 'ok'") == 1)
    }

    @Test func s37ADeletedPersonsSecretsStayUnreadableInARestoredDump() throws {
        let person = try addPerson("bea")
        let id = try sealed("theirs", owner: person)
        #expect(try health(id) == "ok")
        let dump = try #require(try fixture.ask("SELECT sealed FROM credentials WHERE id = \(id)") { try $0.bytes(0) })
        var bench = try fixture.bench()
        let arguments: JSONValue = ["person": .string(person.lower)]
        // Not while they are only disabled.
        try fixture.run(DestroyOwnerKey.kind, arguments, at: &bench)
        #expect(try health(id) == "ok")
        try fixture.change("UPDATE people SET disabled_at = now(), deleted_at = now() WHERE id = \(person)")
        #expect(try fixture.run(DestroyOwnerKey.kind, arguments, at: &bench) == "done")
        try fixture.change("UPDATE people SET disabled_at = NULL, deleted_at = NULL WHERE id = \(person)")
        try fixture.change("UPDATE credentials SET sealed = \(dump) WHERE id = \(id)")
        #expect(try health(id) == "unreadable")
        #expect(try fixture.count("SELECT count(*) FROM audit WHERE action = 'vaultKey.destroyed'") == 1)
    }

    /// What an environment's key had sealed is as unreadable, also where a worker dies between the key and its row.
    @Test func s37ADeletedEnvironmentsSecretsStayUnreadable() throws {
        let (environment, row) = (fixture.environment, UUID())
        let context = EnvironmentSecret.context(row, environment: environment, name: "KEY", version: 1)
        var bench = try fixture.bench()
        let vault = try bench.vault
        let dump = try vault.seal(SecretBytes(Array("hush".utf8)), context: context)
        let arguments: JSONValue = ["environment": .string(environment.lower)]
        #expect(try fixture.run(DestroyOwnerKey.kind, arguments, at: &bench) == "discarded")
        #expect(try vault.open(dump, context: context).withBytes { $0 == Array("hush".utf8) })
        try fixture.change("UPDATE environments SET deleted_at = now() WHERE id = \(environment)")
        try bench.database.findKeysLeftBehind()
        try bench.database.findKeysLeftBehind()
        let tasks: SQL = "SELECT count(*) FROM tasks WHERE kind = 'destroyOwnerKey' AND state = 'available'"
        #expect(try fixture.count(tasks) == 1)
        try vault.destroyOwner(environment.lower)
        for _ in 0..<2 { #expect(try fixture.run(DestroyOwnerKey.kind, arguments, at: &bench) == "done") }
        #expect(throws: VaultError.noOwnerKey) { _ = try vault.open(dump, context: context) }
        #expect(try fixture.count("SELECT count(*) FROM audit WHERE action = 'vaultKey.destroyed'") == 1)
        try fixture.change("DELETE FROM tasks")
        try bench.database.findKeysLeftBehind()
        #expect(try fixture.count(tasks) == 0)
    }
}

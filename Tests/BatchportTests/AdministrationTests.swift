import Cryptography
import FoundationEssentials
import PostgreSQL
import TestSupport
import Testing
import Vault

@testable import Batchport

/// What an operator does from the command line, as the database's owner.
struct AdministrationTests {
    private let database: TestDatabase
    private let vaultKey: VaultPublicKey

    init() throws {
        database = try TestDatabase.create(series: .portal)
        vaultKey = try VaultPublicKey(bytes: HPKE.PrivateKey.generate().publicKey)
    }

    private func addPerson(
        _ email: String = "mia@example.org", name: String = "Mia", role: Administration.NewPerson.Role = .member,
        password: String = Portal.password
    ) throws -> UUID {
        var owner = try database.connect(.migrate)
        return try Administration.add(
            .init(email: email, name: name, role: role, password: password), pepper: Portal.pepper,
            known: try Portal.knownPasswords.get(), in: &owner)
    }

    private func addCredential(name: String = "shared") throws -> UUID {
        var entry = AccessKeyEntry()
        (entry.name, entry.region) = (name, "eu-central-1")
        (entry.accessKeyID, entry.secretAccessKey) = (
            "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        )
        var owner = try database.connect(.migrate)
        return try Administration.add(entry, for: "mia@example.org", vaultKey: vaultKey, in: &owner)
    }

    private var environment: EnvironmentEntry {
        var entry = EnvironmentEntry()
        let arn = "arn:aws:batch:eu-central-1:123456789012:"
        (entry.name, entry.ioBucket) = ("main", "a-bucket")
        (entry.jobDefinition, entry.jobQueue) = (arn + "job-definition/runner:3", arn + "job-queue/queue")
        (entry.languages, entry.grants) = (["python", "shell"], [.everyone])
        return entry
    }

    private func add(_ entry: EnvironmentEntry, signedBy shared: Administration.Shared? = nil) throws -> UUID {
        var owner = try database.connect(.migrate)
        return try Administration.add(entry, signedBy: shared, in: &owner)
    }

    private func refusal(_ body: () throws -> Void) -> Administration.Refusal? {
        do {
            try body()
            return nil
        } catch {
            return error as? Administration.Refusal
        }
    }

    private func count(_ sql: SQL) throws -> Int? {
        var superuser = try database.connect(.superuser)
        return try superuser.row(sql) { try $0.int(0) }
    }

    @Test func peopleCanSignInAndAreAudited() throws {
        let id = try addPerson()
        var web = try database.connect(.web)
        let stored = try web.row("SELECT person, password FROM password_of('MIA@example.org')") { row in
            (try row.uuid("person"), try row.text("password"))
        }
        #expect(stored?.0 == id)
        #expect(try Password.matches(Portal.password, stored: stored?.1 ?? "", pepper: Portal.pepper))
        #expect(
            try count(
                """
                SELECT count(*) FROM audit WHERE by_process = 'admin' AND actor IS NULL AND action = 'person.added'
                AND subject = \(id)
                """) == 1)
        let taken = refusal { _ = try addPerson("Mia@Example.org") }
        #expect(taken?.isTaken == true)
    }

    @Test func peopleWhoDoNotFit() throws {
        #expect(refusal { _ = try addPerson("nobody", name: " ") }?.sentences.count == 2)
        #expect(refusal { _ = try addPerson(password: "short") } != nil)
        #expect(refusal { _ = try addPerson(password: "passwordpassword") } != nil)
        #expect(try count("SELECT count(*) FROM people") == 0)
        #expect(try count("SELECT count(*) FROM audit") == 0)
    }

    @Test func theFirstAdminsCodeIsGoodOnce() throws {
        var owner = try database.connect(.migrate)
        let code = try Administration.firstAdminCode(in: &owner)
        #expect(code.wholeMatch(of: /([a-hjkmnp-z2-9]{5}-){3}[a-hjkmnp-z2-9]{5}/) != nil)
        var web = try database.connect(.web)
        let hash = FirstAdmin.hash(of: code.uppercased())
        let claim: SQL = "SELECT claim_first_admin(\(hash), 'ada@example.org', 'Ada', 'x')"
        #expect(try web.row(claim) { try $0.uuidOptional(0) } != nil)
        #expect(try web.row(claim) { try $0.uuidOptional(0) } == UUID?.none)
        #expect(refusal { _ = try Administration.firstAdminCode(in: &owner) } != nil)
    }

    /// The trail says what a command did: the role, whose token, what it may.
    @Test func theTrailSaysWhatACommandDid() throws {
        let person = try addPerson(role: .admin)
        var owner = try database.connect(.migrate)
        _ = try Administration.addToken(
            name: "service", scopes: ["jobs:submit", "jobs:read"], days: 1, for: "mia@example.org", in: &owner)
        #expect(
            try count(
                """
                SELECT count(*) FROM audit WHERE action = 'person.added' AND subject = \(person)
                    AND detail->>'role' = 'admin'
                """) == 1)
        #expect(
            try count(
                """
                SELECT count(*) FROM audit WHERE action = 'token.made' AND detail->>'of' = \(person.lower)
                    AND detail->>'scopes' = 'jobs:read jobs:submit'
                """) == 1)
        try owner.execute("UPDATE limits SET value = 1 WHERE name = 'token.mostPerPerson'")
        let full = refusal {
            _ = try Administration.addToken(
                name: "b", scopes: ["jobs:read"], days: 1, for: "mia@example.org", in: &owner)
        }
        #expect(full?.sentences.first?.contains("token.mostPerPerson") == true)
    }

    @Test func tokensSayWhoTheyAre() throws {
        let person = try addPerson()
        var owner = try database.connect(.migrate)
        for (scopes, isWarned) in [(["jobs:read"], false), (["jobs:read", "admin"], true)] {
            let warning = try Administration.warning(scopes: scopes, for: "mia@example.org", in: &owner)
            #expect((warning != nil) == isWarned)
        }
        let secret = try Administration.addToken(
            name: "service", scopes: ["jobs:submit", "jobs:read"], days: 1, for: "mia@example.org", in: &owner)
        #expect(TokenSecret.isWellFormed(secret))
        var web = try database.connect(.web)
        web.identity = secret
        let found = try web.row("SELECT person, scopes FROM current_identity()") { row in
            (try row.uuidOptional("person"), try row.value("scopes", as: [String]?.self))
        }
        #expect(found?.0 == person)
        #expect(found?.1 == ["jobs:read", "jobs:submit"])
        for scopes in [[], ["jobs:reed"]] {
            #expect(
                refusal {
                    _ = try Administration.addToken(
                        name: "x", scopes: scopes, days: nil, for: "mia@example.org", in: &owner)
                } != nil)
        }
        #expect(
            refusal {
                _ = try Administration.addToken(name: "x", scopes: ["jobs:read"], days: nil, for: "no@b.c", in: &owner)
            } != nil)
    }

    @Test func credentialsAreSealedAndChecked() throws {
        _ = try addPerson()
        let id = try addCredential()
        #expect(
            try count("SELECT count(*) FROM credentials WHERE id = \(id) AND sealed IS NULL AND ingress IS NOT NULL")
                == 1)
        #expect(try count("SELECT count(*) FROM credentials WHERE position('wJalr'::bytea IN ingress) > 0") == 0)
        #expect(try count("SELECT count(*) FROM tasks WHERE kind = 'checkCredential'") == 1)
        #expect(try count("SELECT count(*) FROM audit WHERE by_process = 'web'") == 0)
        #expect(refusal { _ = try addCredential(name: "Shared") }?.isTaken == true)
    }

    @Test func environmentsAreGrantedAndChecked() throws {
        _ = try addPerson()
        let credential = try addCredential()
        var granted = environment
        granted.grants = [.person("mia@example.org")]
        let id = try add(granted, signedBy: .init(owner: "mia@example.org", name: "SHARED"))
        #expect(
            try count(
                """
                SELECT count(*) FROM environments e JOIN environment_grants g ON g.environment = e.id
                WHERE e.id = \(id) AND e.credential = \(credential) AND e.service_object = 'credential'
                  AND g.person IS NOT NULL
                """) == 1)
        #expect(try count("SELECT count(*) FROM tasks WHERE kind = 'checkEnvironment'") == 1)
        #expect(refusal { _ = try add(environment) }?.isTaken == true)
        // Whose identity would sign? Nobody's own is used unasked.
        var personal = environment
        personal.name = "personal"
        _ = try add(personal)
        #expect(try count("SELECT count(*) FROM tasks WHERE kind = 'checkEnvironment'") == 1)
        #expect(try count("SELECT count(*) FROM environments WHERE name = 'personal' AND checked_at IS NULL") == 1)
        var other = environment
        other.name = "other"
        let absent = Administration.Shared(owner: "mia@example.org", name: "absent")
        #expect(refusal { _ = try add(other, signedBy: absent) }?.isTaken == false)
    }

    @Test func environmentsThatDoNotFitNameEveryFault() throws {
        #expect(refusal { _ = try add(.init()) }?.sentences.count == 6)
        var other = environment
        (other.region, other.grants) = ("eu-west-1", [.person("nobody@example.org")])
        #expect(refusal { _ = try add(other) }?.sentences.count == 2)
        #expect(try count("SELECT count(*) FROM environments") == 0)
    }

    /// Whoever adds a migration says here that the program knows it.
    @Test func theSchemaIsTheOneThatTheFilesMake() throws {
        var owner = try database.connect(.migrate)
        #expect(try Migrations.version(series: "portal", connection: &owner) == PortalSchema.versions.upperBound)
    }
}

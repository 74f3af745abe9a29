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

    private var environment: Administration.NewEnvironment {
        var new = Administration.NewEnvironment()
        (new.name, new.region, new.account, new.bucket) = ("main", "eu-central-1", "123456789012", "a-bucket")
        (new.prefix, new.jobDefinition, new.jobQueue) = ("batchport/", "runner:3", "queue")
        (new.languages, new.grants) = (["python", "shell"], [.everyone])
        (new.floorMiB, new.maxMemoryMiB, new.maxVCPUs) = (512, 4096, 4)
        return new
    }

    private func add(_ environment: Administration.NewEnvironment) throws -> UUID {
        var owner = try database.connect(.migrate)
        return try Administration.add(environment, in: &owner)
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

    @Test func tokensSayWhoTheyAre() throws {
        let person = try addPerson()
        var owner = try database.connect(.migrate)
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
        var shared = environment
        shared.credential = .init(owner: "mia@example.org", name: "SHARED")
        shared.grants = [.person(email: "mia@example.org")]
        let id = try add(shared)
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
        other.credential = .init(owner: "mia@example.org", name: "absent")
        #expect(refusal { _ = try add(other) }?.isTaken == false)
    }

    @Test func environmentsThatDoNotFitNameEveryFault() throws {
        #expect(refusal { _ = try add(.init()) }?.sentences.count ?? 0 >= 8)
        let faults: [(inout Administration.NewEnvironment) -> Void] = [
            { $0.name = "Main" }, { $0.name = "-a" }, { $0.region = "mars" }, { $0.account = "12" },
            { $0.bucket = "A" },
            { $0.prefix = "a//" }, { $0.prefix = "a" }, { $0.languages = ["cobol"] }, { $0.floorMiB = 1 },
            { $0.maxMemoryMiB = 100 }, { $0.maxVCPUs = 0 }, { $0.maxSeconds = 59 }, { $0.grants = [] },
        ]
        for fault in faults {
            var new = environment
            fault(&new)
            #expect(refusal { _ = try add(new) }?.sentences.count == 1)
        }
        #expect(try count("SELECT count(*) FROM environments") == 0)
    }

    /// Whoever adds a migration says here that the program knows it.
    @Test func theSchemaIsTheOneThatTheFilesMake() throws {
        var owner = try database.connect(.migrate)
        #expect(try Migrations.version(series: "portal", connection: &owner) == PortalSchema.versions.upperBound)
    }
}

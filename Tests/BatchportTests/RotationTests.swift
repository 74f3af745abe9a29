import Cryptography
import FoundationEssentials
import JSON
import PostgreSQL
import TestSupport
import Testing
import Vault

@testable import Batchport

/// Keys are replaced under what is sealed (trust.md S29). That workers may be killed meanwhile is test_vault.py's.
struct RotationTests {
    private let fixture: WorkerFixture
    private let vault: Vault

    init() throws {
        fixture = try WorkerFixture()
        vault = try Vault(privateKey: fixture.privateKey, rootKey: fixture.rootKey, ownerKeys: fixture.folder.path)
    }

    private func seal(_ count: Int) throws {
        try fixture.change("UPDATE limits SET value = most WHERE name = 'credential.mostPerPerson'")
        for number in 0..<count {
            let id = UUID()
            let context = SealContext(
                table: "credentials", row: id.lower, owner: fixture.person.lower, field: "accessKey", version: 1)
            let secret: JSONValue = ["accessKeyID": .string("AKIA\(number)"), "secretAccessKey": "secret"]
            let record = try vault.seal(SecretBytes(secret.serialized()), context: context)
            try fixture.change(
                """
                INSERT INTO credentials (id, owner, name, kind, access_key_hint, region, sealed)
                VALUES (\(id), \(fixture.person), \("n" + String(number)), 'accessKey', 'ABCD', 'us-local-1', \(record))
                """)
        }
    }

    private func sealVariable() throws -> UUID {
        let id = UUID()
        let context = EnvironmentSecret.context(id, environment: fixture.environment, name: "TOKEN", version: 1)
        let record = try vault.seal(SecretBytes(Array("hush".utf8)), context: context)
        try fixture.change(
            """
            INSERT INTO environment_secrets (id, environment, name, version, sealed)
            VALUES (\(id), \(fixture.environment), 'TOKEN', 1, \(record))
            """)
        return id
    }

    /// To its end, as a worker would; answers in how many runs.
    private func rotate(_ kind: String, at bench: inout Workbench) throws -> Int {
        #expect(try fixture.ask("SELECT start_rotation(\(kind), NULL)") { try $0.text(0) } == "started")
        return try goOn(at: &bench)
    }

    private func goOn(at bench: inout Workbench) throws -> Int {
        for run in 1...20 {
            if try fixture.runDue(RotationTask.kind, at: &bench) == "done" { return run }
        }
        return 0
    }

    private var unfinished: Int {
        get throws { try fixture.count("SELECT count(*) FROM vault_rotations WHERE finished_at IS NULL") }
    }

    @Test func everyRecordIsUnderANewKey() throws {
        try seal(450)
        let variable = try sealVariable()
        let old = try (vault.keyIDs(of: fixture.person.lower), vault.keyIDs(of: fixture.environment.lower))
        var bench = try fixture.bench()
        #expect(try rotate("owners", at: &bench) > 0)
        let new = try (vault.keyIDs(of: fixture.person.lower), vault.keyIDs(of: fixture.environment.lower))
        #expect(new.0.count == 1 && new.0 != old.0 && new.1.count == 1 && new.1 != old.1)
        #expect(
            try fixture.count("SELECT count(*) FROM credentials WHERE sealed_key(sealed) = \(new.0[0])") == 450)
        #expect(try fixture.count("SELECT records FROM vault_rotations WHERE done = total AND unreadable = 0") == 451)
        let ids = try bench.database.rows("SELECT id FROM credentials WHERE sealed IS NOT NULL") { try $0.uuid(0) }
        for id in ids {
            _ = try bench.openCredential(id, for: SecretUse(person: nil, purpose: "test", reach: .nothing))
        }
        let sealed = try #require(
            try fixture.ask("SELECT sealed FROM environment_secrets WHERE id = \(variable)") { try $0.bytes(0) })
        let context = EnvironmentSecret.context(variable, environment: fixture.environment, name: "TOKEN", version: 1)
        #expect(try vault.open(sealed, context: context).withBytes { $0 == Array("hush".utf8) })
    }

    /// A worker that was stopped between sealing and storing writes nothing that cannot be opened.
    @Test func whoComesTooLateWithAnOldKeyStoresNothing() throws {
        try seal(1)
        let late = try #require(try fixture.ask("SELECT sealed FROM credentials WHERE name = 'n0'") { try $0.bytes(0) })
        var bench = try fixture.bench()
        _ = try rotate("owners", at: &bench)
        try bench.database.execute("UPDATE credentials SET sealed = \(late) WHERE name = 'n0'")
        #expect(try fixture.count("SELECT count(*) FROM credentials WHERE sealed = \(late)") == 0)
        #expect(try fixture.count("SELECT count(*) FROM credentials WHERE name = 'n0' AND sealed IS NOT NULL") == 1)
    }

    /// Between what a file has and what the database knows of it a worker may end anywhere.
    @Test func anInterruptedOneIsGoneOnWith() throws {
        try seal(3)
        #expect(try fixture.ask("SELECT start_rotation('owners', NULL)") { try $0.text(0) } == "started")
        #expect(try fixture.ask("SELECT start_rotation('root', NULL)") { try $0.text(0) } == "noKey")
        #expect(try fixture.ask("SELECT start_rotation('owners', NULL)") { try $0.text(0) } == "busy")
        _ = try vault.addKey(of: fixture.person.lower)
        try seal(1, from: 3)
        var bench = try fixture.bench()
        #expect(try goOn(at: &bench) > 0)
        #expect(try unfinished == 0)
        #expect(try vault.keyIDs(of: fixture.person.lower).count == 1)
        #expect(try fixture.count("SELECT count(DISTINCT sealed_key(sealed)) FROM credentials") == 1)
    }

    /// A worker that was paused with the task may add a key after another has gone on with it, and something may be sealed
    /// under it or not.
    @Test(arguments: [0, 1])
    func aKeyThatALateWorkerAddedIsTheOneThatStays(sealedMeanwhile: Int) throws {
        try seal(3)
        #expect(try fixture.ask("SELECT start_rotation('owners', NULL)") { try $0.text(0) } == "started")
        var bench = try fixture.bench()
        #expect(try fixture.runDue(RotationTask.kind, at: &bench) != "done")
        let known = try #require(
            try fixture.ask("SELECT key_id FROM vault_rotation_owners WHERE owner = \(fixture.person)") {
                try $0.bytes(0)
            })
        let late = try #require(try vault.addKey(of: fixture.person.lower))
        try seal(sealedMeanwhile, from: 3)
        #expect(known != late)
        #expect(try goOn(at: &bench) > 0)
        #expect(try unfinished == 0)
        #expect(try vault.keyIDs(of: fixture.person.lower) == [late])
        #expect(
            try fixture.count("SELECT count(*) FROM credentials WHERE sealed_key(sealed) = \(late)") == 3
                + sealedMeanwhile
        )
        // And it is good for what is sealed from now on.
        let id = try #require(try fixture.ask("SELECT id FROM credentials LIMIT 1") { try $0.uuid(0) })
        let context = SealContext(
            table: "credentials", row: id.lower, owner: fixture.person.lower, field: "accessKey", version: 1)
        let record = try vault.seal(SecretBytes(Array("{}".utf8)), context: context)
        try fixture.change("UPDATE credentials SET sealed = \(record) WHERE id = \(id)")
        #expect(try fixture.count("SELECT count(*) FROM credentials WHERE sealed = \(record)") == 1)
    }

    /// A worker may die while it tests the vault, with the test's key written over and its file still there.
    @Test func whatADeadWorkersTestLeftIsNotInTheWay() throws {
        try seal(1)
        let nobody = "00000000-0000-0000-0000-000000000000"
        try fixture.folder.write([UInt8](repeating: 0, count: 57), to: nobody)
        var bench = try fixture.bench()
        #expect(try rotate("owners", at: &bench) > 0)
        #expect(try unfinished == 0)
    }

    /// What is wrong with the keys themselves is said where the admin looks.
    @Test func aKeyFileThatCannotBeReadIsTrouble() throws {
        try seal(1)
        try fixture.folder.write([UInt8](repeating: 0, count: 57), to: UUID().lower)
        var bench = try fixture.bench()
        #expect(try rotate("owners", at: &bench) == 0)
        #expect(try fixture.count("SELECT count(*) FROM vault_rotations WHERE trouble LIKE 'The vault: %'") == 1)
    }

    private func seal(_ count: Int, from first: Int) throws {
        try fixture.change("UPDATE credentials SET name = 'old ' || name WHERE name LIKE 'n%'")
        try seal(count)
    }

    /// A record that comes under an old key when every owner has had their turn: that key does not go before it.
    @Test func whatIsSealedMeanwhileGetsAnotherTurn() throws {
        try seal(2)
        let late = try #require(try fixture.ask("SELECT sealed FROM credentials WHERE name = 'n0'") { try $0.bytes(0) })
        #expect(try fixture.ask("SELECT start_rotation('owners', NULL)") { try $0.text(0) } == "started")
        var bench = try fixture.bench()
        #expect(try fixture.runDue(RotationTask.kind, at: &bench) != "done")
        #expect(try fixture.count("SELECT count(*) FROM vault_rotation_owners WHERE NOT done") == 0)
        try fixture.change("UPDATE credentials SET sealed = \(late) WHERE name = 'n0'")
        #expect(try goOn(at: &bench) > 0)
        #expect(try vault.keyIDs(of: fixture.person.lower).count == 1)
        let ids = try bench.database.rows("SELECT id FROM credentials WHERE sealed IS NOT NULL") { try $0.uuid(0) }
        for id in ids {
            _ = try bench.openCredential(id, for: SecretUse(person: nil, purpose: "test", reach: .nothing))
        }
    }

    /// What somebody stores between the opening of a record and its being sealed again stays.
    @Test(arguments: ["credentials", "environment_secrets"] as [SQL])
    func whatIsChangedMeanwhileIsNotOverwritten(table: SQL) throws {
        let id: UUID
        let context: SealContext
        if table.text == "credentials" {
            try seal(1)
            id = try #require(try fixture.ask("SELECT id FROM credentials WHERE name = 'n0'") { try $0.uuid(0) })
            context = SealContext(
                table: "credentials", row: id.lower, owner: fixture.person.lower, field: "accessKey", version: 1)
        } else {
            id = try sealVariable()
            context = EnvironmentSecret.context(id, environment: fixture.environment, name: "TOKEN", version: 1)
        }
        let changed = try vault.seal(SecretBytes(Array("changed".utf8)), context: context)
        #expect(try fixture.ask("SELECT start_rotation('owners', NULL)") { try $0.text(0) } == "started")
        let fixture = fixture
        try fixture.overtake(by: "UPDATE \(fragment: table) SET sealed = \(changed) WHERE id = \(id)") {
            var bench = try fixture.bench()
            try fixture.runDue(RotationTask.kind, at: &bench)
        }
        var bench = try fixture.bench()
        #expect(try goOn(at: &bench) > 0)
        let sealed = try #require(
            try fixture.ask("SELECT sealed FROM \(fragment: table) WHERE id = \(id)") { try $0.bytes(0) })
        #expect(try vault.open(sealed, context: context).withBytes { $0 == Array("changed".utf8) })
    }

    @Test func anUnreadableRecordKeepsItsKey() throws {
        try seal(2)
        try fixture.change(
            "UPDATE credentials SET sealed = set_byte(sealed, 80, get_byte(sealed, 80) # 1) WHERE name = 'n0'")
        var bench = try fixture.bench()
        #expect(try rotate("owners", at: &bench) > 0)
        #expect(try fixture.count("SELECT unreadable FROM vault_rotations") == 1)
        #expect(try vault.keyIDs(of: fixture.person.lower).count == 2)
    }

    @Test func theRootKeyIsNotReplacedBeforeAllHaveTheNewOne() throws {
        try seal(2)
        var configuration = fixture.configuration
        let next = randomBytes(32)
        let both = try Vault(
            privateKey: fixture.privateKey, rootKey: fixture.rootKey, nextRootKey: next,
            ownerKeys: fixture.folder.path)
        configuration.vault = .success(both)
        var bench = try Workbench(configuration, stop: StopFlag())
        let (ready, late) = (SignOfLife(threads: 1), SignOfLife(threads: 1))
        try bench.database.show(ready, tasks: 0, vault: both)
        try bench.database.show(late, tasks: 0, vault: vault)
        // One whose vault is sealed opens nothing, and is not waited for.
        try bench.database.show(SignOfLife(threads: 1), tasks: 0, vault: nil)
        #expect(try rotate("root", at: &bench) == 0)
        #expect(try fixture.count("SELECT count(*) FROM vault_rotations WHERE trouble LIKE '1 of the workers%'") == 1)
        #expect(try vault.rootStanding().inUse.count == 1)
        try bench.database.show(late, tasks: 0, vault: both)
        #expect(try goOn(at: &bench) > 0)
        #expect(try unfinished == 0)
        let new = try Vault(privateKey: fixture.privateKey, rootKey: next, ownerKeys: fixture.folder.path)
        #expect(try new.rootStanding().inUse.count == 1)
        try new.selfTest()
        for id in (try bench.database.rows("SELECT id FROM credentials WHERE sealed IS NOT NULL") { try $0.uuid(0) }) {
            _ = try bench.openCredential(id, for: SecretUse(person: nil, purpose: "test", reach: .nothing))
        }
    }
}

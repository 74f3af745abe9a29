import Cryptography
import FoundationEssentials
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// The audit trail is a chain that only the key's holder can make (trust.md S60).
struct AuditTests {
    private static let chain = AuditChain(key: [UInt8](repeating: 5, count: 32))
    private let database: TestDatabase

    init() throws { database = try TestDatabase.create(series: .portal) }

    private func add(_ count: Int) throws {
        var owner = try database.connect(.migrate)
        for n in 0..<count {
            try owner.execute(
                Audit.entry(
                    by: nil, "test.act", on: "site", UUID(), detail: ["n": JSONValue(n), "text": "ä \"<\n"],
                    from: .admin))
        }
    }

    private func seal(most: Int = 1000) throws -> Int {
        var worker = try database.connect(.worker)
        return try worker.sealAudit(Self.chain, most: most)
    }

    private func verification(_ chain: AuditChain = chain, _ anchors: [AuditVerification.Anchor] = []) throws
        -> AuditVerification
    {
        var verification = AuditVerification(chain, anchors: anchors)
        var owner = try database.connect(.migrate)
        // What the text says must not depend on where the session is.
        try owner.execute("SET TimeZone TO 'Asia/Kathmandu'")
        try verification.read(&owner)
        return verification
    }

    private func firstBad(_ chain: AuditChain = chain, _ anchors: [AuditVerification.Anchor] = []) throws -> Int? {
        do {
            _ = try verification(chain, anchors)
            return nil
        } catch let fault as AuditVerification.Fault {
            return fault.seq
        }
    }

    /// As the owner of the database, who can take the guard away.
    private func tamper(_ statements: [SQL]) throws {
        var owner = try database.connect(.superuser)
        _ = try owner.pipeline(["ALTER TABLE audit DISABLE TRIGGER USER"] + statements)
    }

    @Test func numbersWithoutGapsAndVerifies() throws {
        try add(7)
        #expect(try seal(most: 5) == 5)
        #expect(try seal() == 2)
        #expect(try seal() == 0)
        #expect(try verification().seq == 7)
        // A transaction that fails leaves a gap among ids, and none among numbers.
        var owner = try database.connect(.migrate)
        struct Undone: Error {}
        _ = try? owner.transaction { database in
            try database.execute(Audit.entry(by: nil, "undone", on: "site", nil, from: .admin))
            throw Undone()
        }
        try add(1)
        #expect(try seal() == 1)
        #expect(try verification().seq == 8)
    }

    @Test func twoSealersDoNotFork() throws {
        try add(20)
        var first = try database.connect(.worker)
        var second = try database.connect(.worker)
        let chain = Self.chain
        try first.transaction { holder in
            _ = try holder.row("SELECT seq FROM audit_head FOR UPDATE") { try $0.int(0) }
            #expect(try second.sealAudit(chain) == 0)
        }
        #expect(try second.sealAudit(chain) == 20)
        #expect(try verification().seq == 20)
    }

    private static let attacks: [(name: String, bad: Int, statements: [SQL])] = [
        ("an action edited", 4, ["UPDATE audit SET action = 'else' WHERE seq = 4"]),
        ("a time moved", 5, ["UPDATE audit SET at = at - interval '1 microsecond' WHERE seq = 5"]),
        ("an actor added", 2, ["UPDATE audit SET actor = gen_random_uuid() WHERE seq = 2"]),
        (
            "text and column edited", 6,
            ["UPDATE audit SET action = 'x', line = replace(line, 'test.act', 'x') WHERE seq = 6"]
        ),
        ("deleted", 3, ["DELETE FROM audit WHERE seq = 3"]),
        (
            "deleted and renumbered", 3,
            ["DELETE FROM audit WHERE seq = 3", "UPDATE audit SET seq = seq - 1 WHERE seq > 3"]
        ),
        (
            "reordered", 3,
            [
                "UPDATE audit SET seq = 1000 WHERE seq = 3", "UPDATE audit SET seq = 3 WHERE seq = 7",
                "UPDATE audit SET seq = 7 WHERE seq = 1000",
            ]
        ),
        (
            "reordered with text", 3,
            [
                """
                UPDATE audit a SET line = b.line, mac = b.mac, at = b.at, subject = b.subject, detail = b.detail
                FROM audit b WHERE a.seq = 3 AND b.seq = 7
                """
            ]
        ),
        ("the first taken", 1, ["DELETE FROM audit WHERE seq = 1"]),
        ("the end cut", 8, ["DELETE FROM audit WHERE seq >= 8"]),
    ]

    @Test(arguments: attacks.indices)
    func namesTheFirstBadEntry(attack: Int) throws {
        try add(10)
        #expect(try seal() == 10)
        #expect(try firstBad() == nil)
        try tamper(Self.attacks[attack].statements)
        #expect(try firstBad() == Self.attacks[attack].bad, "\(Self.attacks[attack].name)")
    }

    /// Cutting the end together with the head, as an old dump put back does, shows by what was written down elsewhere.
    @Test func anAnchorShowsACutEnd() throws {
        try add(10)
        _ = try seal()
        let anchor = try #require(AuditVerification.Anchor(try verification().head))
        try tamper([
            "DELETE FROM audit WHERE seq > 6",
            "UPDATE audit_head SET seq = 6, mac = (SELECT mac FROM audit WHERE seq = 6)",
        ])
        #expect(try firstBad() == nil)
        #expect(try firstBad(Self.chain, [anchor]) == 7)
        try add(10)
        _ = try seal()
        #expect(try firstBad(Self.chain, [anchor]) == 10)
        for text in ["", "1", "0:" + String(repeating: "0", count: 64), "1:00", "x:y"] {
            #expect(AuditVerification.Anchor(text) == nil)
        }
    }

    /// Two histories from one beginning, as a backup put back makes them: what comes of one does not fit into the other.
    @Test func entriesOfTwoHistoriesDoNotMix() throws {
        let (one, other) = (
            Self.chain.seal(after: AuditChain.origin, "1"), Self.chain.seal(after: AuditChain.origin, "1'")
        )
        let second = Self.chain.seal(after: one, "2")
        var verification = AuditVerification(Self.chain)
        try verification.take(seq: 1, line: "1'", mac: other)
        #expect(throws: AuditVerification.Fault.self) { try verification.take(seq: 2, line: "2", mac: second) }
        try verification.take(seq: 2, line: "2", mac: Self.chain.seal(after: other, "2"))
    }

    @Test func withoutTheKeyNobodyMakesAChain() throws {
        try add(3)
        var worker = try database.connect(.worker)
        _ = try worker.sealAudit(AuditChain(key: [UInt8](repeating: 0, count: 32)))
        #expect(try firstBad() == 1)
    }

    @Test(
        arguments: [
            "UPDATE audit SET action = 'x'", "DELETE FROM audit", "TRUNCATE audit",
            "UPDATE audit SET seq = 9 WHERE seq = 1",
        ] as [SQL])
    func evenItsOwnerOnlyAdds(statement: SQL) throws {
        try add(1)
        _ = try seal()
        for role in [.migrate, .worker, .web] as [TestDatabase.Role] {
            var connection = try database.connect(role)
            #expect(try [nil, 0].contains(changed(statement, &connection)))
        }
        #expect(try verification().seq == 1)
    }

    /// Nil where it is refused.
    private func changed(_ statement: SQL, _ connection: inout Connection) throws -> Int? {
        do { return try connection.execute(statement) } catch { return error.sqlState == "42501" ? nil : -1 }
    }

    @Test func anExportVerifiesByItself() throws {
        try add(12)
        _ = try seal()
        var owner = try database.connect(.migrate)
        var text = ""
        try AuditExport.write(.jsonl, &owner) { text += $0 }
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines.count == 12)
        #expect(try lines.allSatisfy { try JSONValue.parse(Array($0.utf8))["mac"]?.string?.count == 64 })
        func firstBad(_ lines: [String]) -> Int? {
            var verification = AuditVerification(Self.chain)
            do {
                for line in lines { try verification.take(exported: line) }
                return nil
            } catch { return (error as? AuditVerification.Fault)?.seq }
        }
        #expect(firstBad(lines) == nil)
        #expect(firstBad(Array(lines.prefix(4)) + Array(lines.dropFirst(5))) == 5)
        #expect(firstBad([lines[0], lines[2], lines[1]]) == 2)
        #expect(firstBad([lines[0].replacing("test.act", with: "test.bad")]) == 1)
        #expect(firstBad([lines[0], "{}"]) == 2)
    }

    /// trust.md S47.
    @Test(arguments: [
        ("=1+1", "\"'=1+1\""), ("+1", "\"'+1\""), ("-1", "\"'-1\""), ("@x", "\"'@x\""), ("\tx", "\"'\tx\""),
        ("\rx", "\"'\rx\""), ("a=b", "a=b"), ("a,b", "\"a,b\""), ("a\"b", "\"a\"\"b\""), ("\0=x", "\"'=x\""), ("", ""),
    ])
    func noCellIsAFormula(text: String, cell: String) {
        #expect(CSVWriter.cell(text) == cell)
    }

    @Test func csvHasALineForEach() throws {
        var owner = try database.connect(.migrate)
        try owner.execute(Audit.entry(by: nil, "=cmd", on: "site", nil, detail: ["a": "b"], from: .admin))
        _ = try seal()
        var text = ""
        try AuditExport.write(.csv, &owner) { text += $0 }
        let lines = text.split(separator: "\r\n")
        #expect(lines.count == 2 && lines[0].hasPrefix("seq,at,actor,"))
        #expect(
            lines[1].hasPrefix("1,") && lines[1].contains("\"'=cmd\"") && lines[1].contains("\"{\"\"a\"\":\"\"b\"\"}\"")
        )
    }
}

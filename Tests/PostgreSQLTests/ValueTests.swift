import FoundationEssentials
import PostgreSQL
import TestSupport
import Testing

/// Every type goes to a real server and comes back.
struct ValueTests {
    private static let shared = Result { try TestDatabase.create(series: .empty) }
    private let database: TestDatabase

    init() throws {
        database = try Self.shared.get()
    }

    private func echo<Value: PostgresEncodable & PostgresDecodable>(_ sql: SQL, as: Value.Type) throws -> Value? {
        var connection = try database.connect(.migrate)
        return try connection.row(sql) { row in try row.value(0, as: Value?.self) } ?? nil
    }

    @Test(arguments: [0, 1, -1, Int.max, Int.min, 1 << 32])
    func integers(value: Int) throws {
        #expect(try echo("SELECT \(value)", as: Int.self) == value)
        #expect(try echo("SELECT \(Int64(value))", as: Int64.self) == Int64(value))
    }

    @Test(
        arguments: [("SELECT (-7)::smallint", -7), ("SELECT 70000::int", 70000), ("SELECT 9::oid", 9)] as [(SQL, Int)])
    func narrowIntegers(sql: SQL, value: Int) throws {
        #expect(try echo(sql, as: Int.self) == value)
    }

    @Test(arguments: [0, -0.5, .pi, .infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude])
    func doubles(value: Double) throws {
        #expect(try echo("SELECT \(value)", as: Double.self) == value)
    }

    @Test(arguments: ["", "a", "ä € 𝄞 e\u{301}", "'; --\\"])
    func text(value: String) throws {
        let echoed = try echo("SELECT \(value)", as: String.self)
        #expect(echoed.map { Array($0.utf8) } == Array(value.utf8))
    }

    @Test(arguments: [0, 1, 255, 256, 5_000_000])
    func bytes(count: Int) throws {
        let value = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        let echoed = try echo("SELECT \(value)", as: [UInt8].self)
        let isEqual = echoed == value
        #expect(isEqual)
        let text = String(repeating: "ä", count: count)
        let isEqualText = try echo("SELECT \(text)", as: String.self) == text
        #expect(isEqualText)
    }

    @Test func otherTypes() throws {
        let id = UUID()
        #expect(try echo("SELECT \(id)", as: UUID.self) == id)
        #expect(try echo("SELECT \(true)", as: Bool.self) == true)
        #expect(try echo("SELECT \(false)", as: Bool.self) == false)
        #expect(try echo("SELECT \(Int32(-5))", as: Int.self) == -5)
        #expect(try echo("SELECT \(JSONText("{\"a\": 1}"))", as: JSONText.self) == JSONText("{\"a\": 1}"))
        #expect(try echo("SELECT '[1 ]'::json", as: JSONText.self) == JSONText("[1 ]"))
        #expect(try echo("SELECT \(nil as UUID?)", as: UUID.self) == nil)
    }

    @Test func arrays() throws {
        let ids = [UUID(), UUID()]
        #expect(try echo("SELECT \(ids)", as: [UUID].self) == ids)
        #expect(try echo("SELECT \(["a", "", "ä,\"{}"])", as: [String].self) == ["a", "", "ä,\"{}"])
        #expect(try echo("SELECT \([1, -2, Int.max])", as: [Int].self) == [1, -2, Int.max])
        #expect(try echo("SELECT \([] as [String])", as: [String].self) == [])
        #expect(try echo("SELECT ARRAY[1,2]::int[]", as: [Int].self) == [1, 2])
    }

    @Test(arguments: [
        (0, "1970-01-01 00:00:00+00"), (-1, "1969-12-31 23:59:59.999+00"),
        (946_684_799_999, "1999-12-31 23:59:59.999+00"), (1_790_000_000_123, "2026-09-21 14:13:20.123+00"),
    ])
    func timestamps(milliseconds: Int64, text: String) throws {
        let timestamp = Timestamp(milliseconds: milliseconds)
        #expect(try echo("SELECT \(timestamp)", as: Timestamp.self) == timestamp)
        #expect(try echo("SELECT \(text)::timestamptz", as: Timestamp.self) == timestamp)
        // Less than a millisecond is dropped downwards, also before 2000.
        let later: SQL = "SELECT \(timestamp)::timestamptz + interval '999 microseconds'"
        #expect(try echo(later, as: Timestamp.self) == timestamp)
    }

    private enum Lane: String, PostgresEncodable, PostgresDecodable { case fast, slow }

    @Test func enumerations() throws {
        #expect(try echo("SELECT \(Lane.slow)::text", as: Lane.self) == .slow)
        var connection = try database.connect(.migrate)
        try connection.execute("CREATE TYPE lane AS ENUM ('fast', 'slow')")
        #expect(try echo("SELECT \(Lane.fast)::lane", as: Lane.self) == .fast)
        #expect(throws: PostgresError.self) { try echo("SELECT 'other'", as: Lane.self) }
    }

    @Test(arguments: ["a\0", "\0"])
    func textWithNULIsRefusedNotCut(value: String) throws {
        let error = #expect(throws: PostgresError.self) { try echo("SELECT \(value)", as: String.self) }
        #expect(error?.sqlState == "22021")
        let array = #expect(throws: PostgresError.self) { try echo("SELECT \([value])", as: [String].self) }
        #expect(array?.sqlState == "22021")
    }
}

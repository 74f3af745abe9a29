import PostgreSQL
import Testing

struct SQLTests {
    @Test func valuesBecomeNumberedBinds() {
        let name = "x'; DROP TABLE jobs --"
        let sql: SQL = "SELECT \(1), \(name) WHERE \(nil as String?) IS NULL"
        #expect(sql.text == "SELECT $1, $2 WHERE $3 IS NULL")
    }

    @Test func fragmentsAreNumberedOnwards() {
        let filters: [SQL] = ["a = \(1)", "b = \("two")"]
        let order: SQL = "ORDER BY c"
        let sql: SQL = "SELECT \(0) WHERE \(fragments: filters, separator: " AND ") \(fragment: order) LIMIT \(5)"
        #expect(sql.text == "SELECT $1 WHERE a = $2 AND b = $3 ORDER BY c LIMIT $4")
        #expect(SQL.joined(filters, separator: ", ").text == "a = $1, b = $2")
    }

    @Test(arguments: [("plain", "\"plain\""), ("a\"; DROP x", "\"a\"\"; DROP x\""), ("", "\"\"")])
    func identifiersAreQuoted(name: String, quoted: String) {
        let sql: SQL = "LISTEN \(identifier: name)"
        #expect(sql.text == "LISTEN " + quoted)
    }
}

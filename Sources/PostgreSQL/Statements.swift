/// The statements that the server has prepared for one connection.
struct Statements {
    /// The types belong to the key: the same text with other binds is another statement to the server.
    struct Key: Hashable {
        let text: String
        let types: [PostgresType]

        init(_ sql: SQL) {
            text = sql.text
            types = sql.binds.types
        }
    }

    static let limit = 200
    private var names: [Key: String] = [:]
    private var last = 0

    subscript(key: Key) -> String? { names[key] }

    func isFull(for count: Int) -> Bool { names.count + count > Self.limit }

    /// Never used twice, so a statement whose fate is unknown cannot be mistaken for another.
    mutating func nextName() -> String {
        last += 1
        return "s\(last)"
    }

    mutating func remember(_ key: Key, as name: String) { names[key] = name }
    mutating func forget(_ key: Key) { names[key] = nil }
    mutating func removeAll() { names.removeAll() }
}

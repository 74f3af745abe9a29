internal import CPostgreSQL
package import FoundationEssentials
internal import Glibc

/// One row, readable only inside the decoder that it is lent to.
///
///     try connection.rows("SELECT id, name FROM jobs") { row in Job(id: try row.uuid("id"), name: try row.text("name")) }
package struct Row: ~Copyable {
    private let result: QueryResult
    private let index: Int32

    init(_ result: QueryResult, _ index: Int32) {
        self.result = result
        self.index = index
    }

    /// A column by name or position (from 0), written as a literal.
    package enum Column: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
        case name(StaticString)
        case index(Int)

        package init(stringLiteral value: StaticString) { self = .name(value) }
        package init(integerLiteral value: Int) { self = .index(value) }
    }

    /// Fails with kind `.decoding`, naming the column and both types. Ask for `T?` where NULL may stand.
    package func value<Value: PostgresDecodable>(
        _ column: Column, as: Value.Type = Value.self
    ) throws(PostgresError) -> Value {
        let position = try position(of: column)
        guard let length = result.length(index, position) else {
            guard let null = Value.null else { throw mismatch(position, Value.self, found: "NULL") }
            return null
        }
        let type = result.columnTypes[Int(position)]
        let value = result.withBytes(index, position, length) { Value.decode($0, type: type) }
        guard let value else { throw mismatch(position, Value.self, found: "type \(type.rawValue)") }
        return value
    }

    /// Leaves the texts of these columns where they are. Fails with kind `.decoding` where a column holds no text.
    package func keepTexts(_ columns: [Int]) throws(PostgresError) -> KeptTexts {
        for column in columns {
            let position = try position(of: .index(column))
            let type = result.columnTypes[column]
            guard type == .text else { throw mismatch(position, String.self, found: "type \(type.rawValue)") }
        }
        return KeptTexts(result, index)
    }

    private func position(of column: Column) throws(PostgresError) -> Int32 {
        switch column {
        case .index(let index):
            if result.columnTypes.indices.contains(index) { return Int32(index) }
            throw PostgresError(kind: .decoding, message: "no column \(index)")
        case .name(let name):
            for position in 0..<Int32(result.columnTypes.count) where isNamed(name, position) { return position }
            throw PostgresError(kind: .decoding, message: "no column \(name)")
        }
    }

    /// Compares in place: a look-up by name costs no allocation.
    private func isNamed(_ name: StaticString, _ position: Int32) -> Bool {
        guard name.hasPointerRepresentation, let field = unsafe PQfname(result.handle, position) else { return false }
        let length = name.utf8CodeUnitCount
        return unsafe strncmp(field, UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self), length) == 0
            && field[length] == 0
    }

    private func mismatch<Value>(_ position: Int32, _: Value.Type, found: String) -> PostgresError {
        let name = unsafe PQfname(result.handle, position).map { unsafe String(cString: $0) } ?? "\(position)"
        return PostgresError(kind: .decoding, message: "column \(name): expected \(Value.self), found \(found)")
    }
}

extension Row {
    package func int(_ column: Column) throws(PostgresError) -> Int { try value(column) }
    package func intOptional(_ column: Column) throws(PostgresError) -> Int? { try value(column) }
    package func double(_ column: Column) throws(PostgresError) -> Double { try value(column) }
    package func doubleOptional(_ column: Column) throws(PostgresError) -> Double? { try value(column) }
    package func bool(_ column: Column) throws(PostgresError) -> Bool { try value(column) }
    package func boolOptional(_ column: Column) throws(PostgresError) -> Bool? { try value(column) }
    package func text(_ column: Column) throws(PostgresError) -> String { try value(column) }
    package func textOptional(_ column: Column) throws(PostgresError) -> String? { try value(column) }
    package func uuid(_ column: Column) throws(PostgresError) -> UUID { try value(column) }
    package func uuidOptional(_ column: Column) throws(PostgresError) -> UUID? { try value(column) }
    package func bytes(_ column: Column) throws(PostgresError) -> [UInt8] { try value(column) }
    package func bytesOptional(_ column: Column) throws(PostgresError) -> [UInt8]? { try value(column) }
    package func json(_ column: Column) throws(PostgresError) -> JSONText { try value(column) }
    package func jsonOptional(_ column: Column) throws(PostgresError) -> JSONText? { try value(column) }

    /// A `timestamptz` as milliseconds since 1970.
    package func milliseconds(_ column: Column) throws(PostgresError) -> Int64 {
        try value(column, as: Timestamp.self).milliseconds
    }

    package func millisecondsOptional(_ column: Column) throws(PostgresError) -> Int64? {
        try value(column, as: Timestamp?.self)?.milliseconds
    }
}

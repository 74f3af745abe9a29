package import FoundationEssentials

/// A value that can be bound in an `SQL` literal.
package protocol PostgresEncodable {
    static var postgresType: PostgresType { get }
    static var postgresFormat: PostgresFormat { get }
    /// Appends the value in PostgreSQL's binary form, or as text without NUL where the format says so.
    func encode(into bytes: inout [UInt8])
}

extension PostgresEncodable {
    package static var postgresFormat: PostgresFormat { .binary }
}

/// Enumerations with raw values bind as their raw value: `enum Status: String, PostgresEncodable`.
extension PostgresEncodable where Self: RawRepresentable, RawValue: PostgresEncodable {
    package static var postgresType: PostgresType { RawValue.postgresType }
    package static var postgresFormat: PostgresFormat { RawValue.postgresFormat }
    package func encode(into bytes: inout [UInt8]) { rawValue.encode(into: &bytes) }
}

extension Bool: PostgresEncodable {
    package static var postgresType: PostgresType { .bool }
    package func encode(into bytes: inout [UInt8]) { bytes.append(self ? 1 : 0) }
}

extension Int: PostgresEncodable {
    package static var postgresType: PostgresType { .int8 }
    package func encode(into bytes: inout [UInt8]) { bytes.appendBigEndian(Int64(self)) }
}

extension Int64: PostgresEncodable {
    package static var postgresType: PostgresType { .int8 }
    package func encode(into bytes: inout [UInt8]) { bytes.appendBigEndian(self) }
}

extension Int32: PostgresEncodable {
    package static var postgresType: PostgresType { .int4 }
    package func encode(into bytes: inout [UInt8]) { bytes.appendBigEndian(self) }
}

extension Double: PostgresEncodable {
    package static var postgresType: PostgresType { .float8 }
    package func encode(into bytes: inout [UInt8]) { bytes.appendBigEndian(bitPattern) }
}

extension String: PostgresEncodable {
    package static var postgresType: PostgresType { .inferred }
    package static var postgresFormat: PostgresFormat { .text }
    package func encode(into bytes: inout [UInt8]) { bytes.append(contentsOf: utf8) }
}

extension UUID: PostgresEncodable {
    package static var postgresType: PostgresType { .uuid }
    package func encode(into bytes: inout [UInt8]) {
        let (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p) = uuid
        bytes.append(contentsOf: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p])
    }
}

/// `[UInt8]` is a `bytea`; `[Int]`, `[String]` and `[UUID]` are arrays of one dimension.
extension Array: PostgresEncodable where Element: PostgresArrayElement {
    package static var postgresType: PostgresType { Element.arrayType }
    package func encode(into bytes: inout [UInt8]) { Element.encodeArray(self, into: &bytes) }
}

extension [UInt8] {
    mutating func appendBigEndian<Value: FixedWidthInteger>(_ value: Value) {
        for shift in stride(from: Value.bitWidth - 8, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}

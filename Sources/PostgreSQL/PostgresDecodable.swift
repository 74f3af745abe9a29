package import FoundationEssentials

/// A value that can be read from a column. Results arrive in PostgreSQL's binary form.
package protocol PostgresDecodable {
    /// Nil when the column's type is not one of this value's, or when the bytes are not as that type's should be.
    static func decode(_ bytes: Span<UInt8>, type: PostgresType) -> Self?
    /// What NULL becomes; nil, as for all but optionals, makes NULL an error.
    static var null: Self? { get }
}

extension PostgresDecodable {
    package static var null: Self? { nil }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    package static var null: Self? { .some(.none) }
    package static func decode(_ bytes: Span<UInt8>, type: PostgresType) -> Self? {
        Wrapped.decode(bytes, type: type).map(Optional.some)
    }
}

extension PostgresDecodable where Self: RawRepresentable, RawValue: PostgresDecodable {
    package static func decode(_ bytes: Span<UInt8>, type: PostgresType) -> Self? {
        RawValue.decode(bytes, type: type).flatMap(Self.init(rawValue:))
    }
}

extension Bool: PostgresDecodable {
    package static func decode(_ bytes: Span<UInt8>, type: PostgresType) -> Bool? {
        guard type == .bool, bytes.count == 1 else { return nil }
        return bytes[0] != 0
    }
}

/// From `smallint`, `integer` and `bigint` alike. (`sum` of a `bigint` is a `numeric`: cast it.)
extension Int64: PostgresDecodable {
    package static func decode(_ bytes: Span<UInt8>, type: PostgresType) -> Int64? {
        switch (type, bytes.count) {
        case (.int8, 8): Int64(truncatingIfNeeded: bytes.bigEndian(at: 0, count: 8))
        case (.int4, 4): Int64(Int32(truncatingIfNeeded: bytes.bigEndian(at: 0, count: 4)))
        case (.int2, 2): Int64(Int16(truncatingIfNeeded: bytes.bigEndian(at: 0, count: 2)))
        case (.oid, 4): Int64(bytes.bigEndian(at: 0, count: 4))
        default: nil
        }
    }
}

extension Int: PostgresDecodable {
    package static func decode(_ bytes: Span<UInt8>, type: PostgresType) -> Int? {
        Int64.decode(bytes, type: type).map(Int.init)
    }
}

/// From `double precision`, `real` and the integers.
extension Double: PostgresDecodable {
    package static func decode(_ bytes: Span<UInt8>, type: PostgresType) -> Double? {
        switch (type, bytes.count) {
        case (.float8, 8): Double(bitPattern: bytes.bigEndian(at: 0, count: 8))
        case (.float4, 4): Double(Float(bitPattern: UInt32(bytes.bigEndian(at: 0, count: 4))))
        default: Int64.decode(bytes, type: type).map(Double.init)
        }
    }
}

/// From text of all kinds, JSON and our enumerations. Never repaired: bytes that are not UTF-8 are an error.
extension String: PostgresDecodable {
    package static func decode(_ bytes: Span<UInt8>, type: PostgresType) -> String? {
        switch type {
        case .text, .varchar, .bpchar, .name, .char, .unknown, .json: return String(validating: bytes)
        case .jsonb:
            guard bytes.count > 1, bytes[0] == 1 else { return nil }
            return String(validating: bytes.extracting(1...))
        default: return type.isUserDefined ? String(validating: bytes) : nil
        }
    }

    init?(validating bytes: Span<UInt8>) {
        guard let utf8 = try? UTF8Span(validating: bytes) else { return nil }
        self.init(copying: utf8)
    }
}

extension UUID: PostgresDecodable {
    package static func decode(_ bytes: Span<UInt8>, type: PostgresType) -> UUID? {
        guard type == .uuid, bytes.count == 16 else { return nil }
        return UUID(
            uuid: (
                bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7],
                bytes[8], bytes[9], bytes[10], bytes[11], bytes[12], bytes[13], bytes[14], bytes[15]
            ))
    }
}

extension Array: PostgresDecodable where Element: PostgresArrayElement {
    package static func decode(_ bytes: Span<UInt8>, type: PostgresType) -> [Element]? {
        Element.decodeArray(bytes, type: type)
    }
}

extension Span<UInt8> {
    func bigEndian(at offset: Int, count: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in offset..<offset + count { value = value << 8 | UInt64(self[index]) }
        return value
    }
}

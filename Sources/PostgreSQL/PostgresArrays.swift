package import FoundationEssentials

/// What an array may hold. A separate protocol because `[UInt8]` is a `bytea`, not an array of numbers.
package protocol PostgresArrayElement {
    static var arrayType: PostgresType { get }
    static func encodeArray(_ array: [Self], into bytes: inout [UInt8])
    static func decodeArray(_ bytes: Span<UInt8>, type: PostgresType) -> [Self]?
}

extension UInt8: PostgresArrayElement {
    package static var arrayType: PostgresType { .bytea }

    package static func encodeArray(_ array: [UInt8], into bytes: inout [UInt8]) {
        bytes += array
    }

    package static func decodeArray(_ bytes: Span<UInt8>, type: PostgresType) -> [UInt8]? {
        guard type == .bytea else { return nil }
        return unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
    }
}

extension Int: PostgresArrayElement {
    package static var arrayType: PostgresType { .int8Array }
}

extension String: PostgresArrayElement {
    package static var arrayType: PostgresType { .textArray }

    package static func encodeArray(_ array: [String], into bytes: inout [UInt8]) {
        bytes.appendArray(array, elementType: .text)
    }
}

extension UUID: PostgresArrayElement {
    package static var arrayType: PostgresType { .uuidArray }
}

extension PostgresArrayElement where Self: PostgresEncodable & PostgresDecodable {
    package static func encodeArray(_ array: [Self], into bytes: inout [UInt8]) {
        bytes.appendArray(array, elementType: postgresType)
    }

    /// One dimension, no NULLs.
    package static func decodeArray(_ bytes: Span<UInt8>, type: PostgresType) -> [Self]? {
        guard bytes.count >= 12 else { return nil }
        let elementType = PostgresType(rawValue: UInt32(bytes.bigEndian(at: 8, count: 4)))
        let dimensions = bytes.bigEndian(at: 0, count: 4)
        if dimensions == 0 { return [] }
        guard dimensions == 1, bytes.count >= 20 else { return nil }
        let count = Int(bytes.bigEndian(at: 12, count: 4))
        var array: [Self] = []
        var offset = 20
        for _ in 0..<count {
            guard bytes.count - offset >= 4 else { return nil }
            let length = Int(bytes.bigEndian(at: offset, count: 4))
            offset += 4
            guard bytes.count - offset >= length,
                let element = decode(bytes.extracting(offset..<offset + length), type: elementType)
            else { return nil }
            array.append(element)
            offset += length
        }
        return array
    }
}

extension [UInt8] {
    /// `array_send`'s form: dimensions, a flag for NULLs, the element's type, then length and lower bound of the
    /// one dimension, then each element behind its length.
    mutating func appendArray<Value: PostgresEncodable>(_ array: [Value], elementType: PostgresType) {
        appendBigEndian(Int32(array.isEmpty ? 0 : 1))
        appendBigEndian(Int32(0))
        appendBigEndian(elementType.rawValue)
        if array.isEmpty { return }
        appendBigEndian(Int32(array.count))
        appendBigEndian(Int32(1))
        for element in array {
            let start = count
            appendBigEndian(Int32(0))
            element.encode(into: &self)
            var length: [UInt8] = []
            length.appendBigEndian(Int32(count - start - 4))
            replaceSubrange(start..<start + 4, with: length)
        }
    }
}

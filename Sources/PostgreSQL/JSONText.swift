/// JSON as UTF-8 bytes, bound as `jsonb` and read from `json` or `jsonb`. Its syntax is the server's to check.
package struct JSONText: Hashable, Sendable {
    package var bytes: [UInt8]

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    package init(_ text: String) {
        bytes = Array(text.utf8)
    }
}

extension JSONText: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .jsonb }

    package func encode(into bytes: inout [UInt8]) {
        bytes.append(1)  // The version of jsonb's binary form.
        bytes += self.bytes
    }

    package static func decode(_ bytes: Span<UInt8>, type: PostgresType) -> JSONText? {
        switch type {
        case .json: return UInt8.decodeArray(bytes, type: .bytea).map { JSONText($0) }
        case .jsonb:
            guard bytes.count > 1, bytes[0] == 1 else { return nil }
            return UInt8.decodeArray(bytes.extracting(1...), type: .bytea).map { JSONText($0) }
        default: return nil
        }
    }
}

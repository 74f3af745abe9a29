internal import JSON

/// An object in the job's bucket, with what is needed to know it again.
package struct StoredObject: Sendable, Equatable {
    package let key: String
    /// In bytes.
    package let size: Int
    /// 64 lower-case hexadecimal digits.
    package let sha256: String

    package init(key: String, size: Int, sha256: String) {
        self.key = key
        self.size = size
        self.sha256 = sha256
    }

    var members: [JSONValue.Member] {
        [.init("key", JSONValue(key)), .init("size", JSONValue(size)), .init("sha256", JSONValue(sha256))]
    }

    init(_ reader: DocumentReader) throws(DocumentError) {
        key = try reader.string("key")
        size = try reader.count("size")
        sha256 = try reader.string("sha256")
        guard sha256.utf8.count == 64, sha256.utf8.allSatisfy(Self.isHexDigit) else {
            throw reader.fault("sha256", "must be 64 lower-case hexadecimal digits")
        }
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }
}

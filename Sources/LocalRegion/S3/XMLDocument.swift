import Foundation
import HTTP
import XMLCoder

extension S3Call {
    /// The body as a small document, its promises kept.
    func document(_ body: inout RequestBody, limit: Int = 2 << 20, isContent: Bool = true) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var content = ObjectBody(try BodyPromises(self, isContent: isContent))
        _ = try content.read(&body, limit: limit) { bytes += $0 }
        return bytes
    }

    /// `DeleteObjects` and its like must come with a digest of what they say.
    func requireDigest() throws(LocalFault) {
        let names = request.headers.fields.map(\.name)
        guard
            names.contains("content-md5") || names.contains(where: { $0.hasPrefix("x-amz-checksum-") })
                || names.contains("x-amz-trailer")
        else {
            throw LocalFault(
                code: "InvalidRequest",
                message: "Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
        }
    }
}

/// What S3's requests say in XML.
enum XMLDocument {
    static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) throws(LocalFault) -> Value {
        let decoder = XMLDecoder()
        decoder.trimValueWhitespaces = false
        do {
            return try decoder.decode(type, from: Data(bytes))
        } catch {
            throw LocalFault(
                code: "MalformedXML",
                message: "The XML you provided was not well-formed or did not validate against our published schema")
        }
    }
}

internal import Foundation
internal import XMLCoder

/// The documents of S3, STS and CloudFormation. Reading a listing of 1,000 keys takes some 30 ms: keep it off hot paths.
enum XMLText {
    static func decode<T: Decodable>(_ type: T.Type, _ bytes: [UInt8]) throws -> T {
        let decoder = XMLDecoder()
        decoder.trimValueWhitespaces = false
        // `UploadId` is read as `uploadId`, `ETag` as `eTag`.
        decoder.keyDecodingStrategy = .convertFromCapitalized
        return try decoder.decode(type, from: Data(bytes))
    }

    /// The name of the first element; nil where there is none. `HTML` and the like are found out by it.
    static func root(_ bytes: [UInt8]) -> String? {
        var rest = bytes[...]
        while let start = rest.firstIndex(of: UInt8(ascii: "<")) {
            rest = rest[(start + 1)...]
            guard let first = rest.first else { return nil }
            if first == UInt8(ascii: "?") || first == UInt8(ascii: "!") { continue }
            let name = rest.prefix { !" \t\r\n/>".utf8.contains($0) }
            return String(decoding: name, as: UTF8.self)
        }
        return nil
    }

    static func escaped(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\r": out += "&#13;"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}

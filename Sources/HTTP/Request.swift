/// A request without its body, as it came: nothing in it has been decoded or merged on the way.
package struct Request: Sendable {
    package var method: String
    /// Path and query, raw.
    package var target: String
    package var headers: Headers
    package var remoteAddress: String
    /// Whom the web server has authenticated by itself; empty where it has not. No header of the client's.
    package var remoteUser: String
    /// `http` or `https`, as nginx says.
    package var scheme: String
    /// Bytes; nil where the client did not say (chunked).
    package var contentLength: Int?
    package let query: Query

    package init(
        method: String, target: String, headers: Headers, remoteAddress: String = "", remoteUser: String = "",
        scheme: String = "http", contentLength: Int? = nil
    ) throws(RequestError) {
        self.method = method
        self.target = target
        self.headers = headers
        self.remoteAddress = remoteAddress
        self.remoteUser = remoteUser
        self.scheme = scheme
        self.contentLength = contentLength
        query = try Query.parse(Self.query(of: target))
    }

    /// The path as it stood in the target, still encoded.
    package var rawPath: String { String(Substring(target.utf8.prefix { $0 != UInt8(ascii: "?") })) }

    /// Everything behind the first `?`, still encoded.
    package var rawQuery: String { String(Self.query(of: target)) }

    private static func query(of target: String) -> Substring {
        Substring(target.utf8.drop { $0 != UInt8(ascii: "?") }.dropFirst())
    }

    /// The path's parts, decoded once; this one reading both routes and authorises (trust.md S55). Empty parts, `.`,
    /// `..`, encoded slashes and backslashes, control characters and bad UTF-8 are refused; one slash at the end is not.
    package var path: [String] {
        get throws(RequestError) {
            guard target.utf8.first == UInt8(ascii: "/") else {
                throw .bad("malformedPath", "The request's target must be a path.")
            }
            var parts = rawPath.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            if parts.last?.isEmpty == true { parts.removeLast() }
            var decoded: [String] = []
            for part in parts {
                guard let text = percentDecode(Substring(part)), !text.isEmpty, text != ".", text != "..",
                    !text.unicodeScalars.contains(where: Self.isUnfit)
                else { throw .bad("malformedPath", "The path is not well-formed.") }
                decoded.append(text)
            }
            return decoded
        }
    }

    private static func isUnfit(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || scalar.value == 0x7F || scalar == "/" || scalar == "\\"
    }

    /// A field that may stand once; twice is refused (trust.md S24).
    package func header(_ name: String) throws(RequestError) -> String? {
        let found = headers.all(name)
        guard found.count <= 1 else {
            throw .bad("duplicateHeader", "The header \(name) is there more than once.")
        }
        return found.first
    }

    /// The cookies by name; one named twice is refused.
    package func cookies() throws(RequestError) -> [String: String] {
        guard let line = try header("cookie") else { return [:] }
        var found: [String: String] = [:]
        for part in line.utf8.split(separator: UInt8(ascii: ";")) {
            let trimmed = part.drop { $0 == UInt8(ascii: " ") }
            guard let equals = trimmed.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let (name, value) = (Substring(trimmed[..<equals]), Substring(trimmed[equals...].dropFirst()))
            guard found.updateValue(String(value), forKey: String(name)) == nil else {
                throw .bad("duplicateCookie", "A cookie is there more than once.")
            }
        }
        return found
    }
}

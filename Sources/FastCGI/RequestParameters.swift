import HTTP

/// Makes a request of CGI's variables (RFC 3875), which FastCGI's parameters are too. SCRIPT_FILENAME and PATH_INFO are
/// never looked at: the target is REQUEST_URI as the client sent it.
struct RequestParameters {
    private(set) var method = ""
    private(set) var target = ""
    private(set) var remoteAddress = ""
    private(set) var remoteUser = ""
    private(set) var scheme = "http"
    private(set) var length: String?
    private(set) var headers = Headers()
    private var headerBytes = 0

    /// `HTTP_PROXY` is no header but a trap (CVE-2016-5385).
    mutating func take(_ name: String, _ value: String) {
        switch name {
        case "REQUEST_METHOD": method = value
        case "REQUEST_URI": target = value
        case "REMOTE_ADDR": remoteAddress = value
        case "REMOTE_USER": remoteUser = value
        case "REQUEST_SCHEME": scheme = value
        case "CONTENT_LENGTH": length = value
        case "CONTENT_TYPE": if !value.isEmpty { add("content-type", value) }
        case "HTTP_PROXY", "HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH": break
        default:
            if name.hasPrefix("HTTP_") { add(Self.fieldName(name), value) }
        }
    }

    private mutating func add(_ name: String, _ value: String) {
        headerBytes += name.utf8.count + value.utf8.count
        headers.add(name, value)
    }

    /// `HTTP_USER_AGENT` → `user-agent`.
    private static func fieldName(_ name: String) -> String {
        let letters = name.utf8.dropFirst(5).map { $0 == UInt8(ascii: "_") ? UInt8(ascii: "-") : $0 | 0x20 }
        return String(decoding: letters, as: UTF8.self)
    }

    func request(_ limits: RequestLimits) throws(RequestError) -> Request {
        guard target.utf8.count <= limits.targetBytes else {
            throw RequestError(
                status: 414, code: "uri-too-long",
                detail: "The address has more than \(limits.targetBytes) bytes.")
        }
        guard headerBytes <= limits.headerBytes else {
            throw RequestError(
                status: 431, code: "headers-too-large",
                detail: "The headers have more than \(limits.headerBytes) bytes.")
        }
        guard limits.methods.contains(method) else {
            throw RequestError(status: 405, code: "method", detail: "This method is not known here.")
        }
        var contentLength: Int?
        if let length, !length.isEmpty {
            // Int would take a sign.
            guard length.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(length) else {
                throw RequestError(status: 400, code: "contentLength", detail: "Content-Length is not a number.")
            }
            contentLength = number
        } else if headers.first("transfer-encoding") == nil {
            contentLength = 0
        }
        return try Request(
            method: method, target: target, headers: headers, remoteAddress: remoteAddress, remoteUser: remoteUser,
            scheme: scheme, contentLength: contentLength)
    }
}

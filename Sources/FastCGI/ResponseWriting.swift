import HTTP

/// An answer in CGI's form (RFC 3875 §6): `Status:`, header lines, a blank line, the body.
enum ResponseWriting {
    static func head(of response: Response) -> [UInt8] {
        var text = "Status: \(response.status) \(reason(response.status))\r\n"
        for field in response.headers.fields { text += "\(field.name): \(field.value)\r\n" }
        switch response.body {
        case .bytes(let bytes) where response.headers.first("Content-Length") == nil && response.status != 304:
            text += "Content-Length: \(bytes.count)\r\n"
        case .stream(let length?, _) where response.headers.first("Content-Length") == nil:
            text += "Content-Length: \(length)\r\n"
        default: break
        }
        return Array((text + "\r\n").utf8)
    }

    /// nginx leaves out the blank behind a status without a reason, which HTTP asks for (RFC 9112 §4).
    private static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 206: "Partial Content"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 409: "Conflict"
        case 413: "Content Too Large"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 503: "Service Unavailable"
        default: status < 400 ? "Done" : "Refused"
        }
    }

    /// False where there is nothing to be said at all.
    static func write(_ response: Response, with write: Response.Write) throws -> Bool {
        switch response.body {
        case .dropped: return false
        case .bytes(let bytes):
            try write(head(of: response))
            try write(bytes)
        case .stream(_, let produce):
            try write(head(of: response))
            try produce(write)
        }
        return true
    }
}

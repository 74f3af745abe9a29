import HTTP

/// An answer in CGI's form (RFC 3875 §6): `Status:`, header lines, a blank line, the body.
enum ResponseWriting {
    static func head(of response: Response) -> [UInt8] {
        var text = "Status: \(response.status)\r\n"
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

    /// False where there is nothing to be said at all.
    static func write(_ response: Response, with write: Response.Write) throws -> Bool {
        switch response.body {
        case .dropped: return false
        case .bytes(let bytes):
            try write(head(of: response) + bytes)
        case .stream(_, let produce):
            try write(head(of: response))
            try produce(write)
        }
        return true
    }
}

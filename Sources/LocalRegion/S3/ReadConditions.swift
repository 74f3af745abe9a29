import HTTP

extension GetObject {
    /// RFC 9110 §13.2.2: If-Match before If-Unmodified-Since, else 412.
    static func checkMatch(_ request: Request, _ object: StoredObject) throws(LocalFault) {
        if let wanted = request.headers.first("if-match") {
            guard names(wanted, object.etag) else { throw WriteCondition.failed("If-Match") }
        } else if let date = date("if-unmodified-since", request), object.modifiedAt / 1000 > date {
            throw WriteCondition.failed("If-Unmodified-Since")
        }
    }

    /// If-None-Match before If-Modified-Since.
    static func isUnchanged(_ request: Request, _ object: StoredObject) -> Bool {
        if let known = request.headers.first("if-none-match") { return names(known, object.etag) }
        guard let date = date("if-modified-since", request) else { return false }
        return object.modifiedAt / 1000 <= date
    }

    private static func date(_ name: String, _ request: Request) -> Int64? {
        request.headers.first(name).flatMap(HTTPDate.parse)
    }

    private static func names(_ list: String, _ etag: String) -> Bool {
        list.split(separator: ",").map { $0.filter { $0 != " " && $0 != "\"" } }.contains {
            $0 == "*" || $0 == etag.filter { $0 != "\"" }
        }
    }
}

import HTTP

/// What a request demands of the object that it reads (RFC 9110 §13.2.2): of a GET or HEAD, or, with
/// `x-amz-copy-source-` in front of the headers' names, of the source of a copy.
struct ReadConditions: Sendable {
    private let match: String?
    private let noneMatch: String?
    private let modifiedSince: Int64?
    private let unmodifiedSince: Int64?

    init(_ request: Request, prefix: String = "") {
        func date(_ name: String) -> Int64? { request.headers.first(prefix + name).flatMap(HTTPDate.parse) }
        match = request.headers.first(prefix + "if-match")
        noneMatch = request.headers.first(prefix + "if-none-match")
        modifiedSince = date("if-modified-since")
        unmodifiedSince = date("if-unmodified-since")
    }

    /// If-Match before If-Unmodified-Since, else 412.
    func checkMatch(_ object: StoredObject) throws(LocalFault) {
        if let match {
            guard Self.names(match, object.etag) else { throw WriteCondition.failed("If-Match") }
        } else if let unmodifiedSince, object.modifiedAt / 1000 > unmodifiedSince {
            throw WriteCondition.failed("If-Unmodified-Since")
        }
    }

    /// If-None-Match before If-Modified-Since.
    func isUnchanged(_ object: StoredObject) -> Bool {
        if let noneMatch { return Self.names(noneMatch, object.etag) }
        guard let modifiedSince else { return false }
        return object.modifiedAt / 1000 <= modifiedSince
    }

    private static func names(_ list: String, _ etag: String) -> Bool {
        list.split(separator: ",").map { $0.filter { $0 != " " && $0 != "\"" } }.contains {
            $0 == "*" || $0 == etag.filter { $0 != "\"" }
        }
    }
}

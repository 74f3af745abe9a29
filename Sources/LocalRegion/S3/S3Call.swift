import HTTP

/// One request to S3 as its operations see it, its signature verified.
struct S3Call: Sendable {
    let request: Request
    let access: CallerAccess
    /// Lower case.
    let signedHeaders: [String]
    let payload: PayloadClaim
    /// Where the payload's chunks are signed.
    let signatures: ChunkSignatures?
    let target: S3Target
    let server: LocalServer
    let files: ObjectFiles

    var caller: LocalCaller { access.caller }
    var bucket: String { target.bucket }
    var key: String { target.key }

    func query(_ name: String) throws(LocalFault) -> String? {
        do {
            return try request.query.one(name)
        } catch {
            throw LocalFault(code: "InvalidArgument", message: error.detail)
        }
    }
}

/// Bucket and key of a path-style address, from the raw path: `//`, `..` and `%2F` in a key are its own.
struct S3Target: Sendable, Equatable {
    let bucket: String
    let key: String

    init(rawPath: String) throws(LocalFault) {
        let parts = rawPath.dropFirst().split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard rawPath.hasPrefix("/"), let bucket = percentDecode(parts.first ?? ""),
            let key = percentDecode(parts.count > 1 ? parts[1] : ""), !key.utf8.contains(0), !bucket.utf8.contains(0)
        else { throw LocalFault(code: "InvalidURI", message: "Couldn't parse the specified URI.") }
        guard key.utf8.count <= 1024 else {
            throw LocalFault(
                code: "KeyTooLongError", message: "Your key is too long",
                details: [("Size", String(key.utf8.count)), ("MaxSizeAllowed", "1024")])
        }
        self.bucket = bucket
        self.key = key
    }
}

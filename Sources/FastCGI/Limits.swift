import HTTP

/// What a request may be before anyone looks at what it says (trust.md S56, S57).
package struct RequestLimits: Sendable {
    /// All header fields together, in bytes.
    package var headerBytes = 32 << 10
    package var targetBytes = 8 << 10
    package var methods: Set<String> = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

    package init() {}
}

extension RequestError {
    /// The thread has no connection to its database yet.
    static let notReady = RequestError(
        status: 503, code: "database",
        detail: "The database cannot be reached just now. Nothing was changed; try again in a moment.")
}

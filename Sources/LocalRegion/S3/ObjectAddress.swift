import HTTP

/// Where the client that asks finds an object: by the scheme and the host that it asked with, which over TLS are others.
enum ObjectAddress {
    /// - Parameter path: as on the wire, with the bucket.
    static func of(_ path: String, _ request: Request, _ server: LocalServer) -> String {
        // Requests of HTTP/1.0 need not name a host.
        guard let host = request.headers.first("host"), !host.isEmpty else { return server.endpoint + path }
        return "\(request.scheme)://\(host)\(path)"
    }
}

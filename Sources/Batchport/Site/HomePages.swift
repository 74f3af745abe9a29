import HTTP
import JSON
import PostgreSQL

/// The front door, and what machines ask of a server.
enum HomePages {
    static let routes: [Route] = [
        .get("/", .signedIn, { _, _ in .redirect(to: "/jobs") })
    ]
}

enum Health {
    static let routes: [Route] = [
        .get(livePath, .anyone, { _, _ in live }),
        .get("/readyz", .anyone, ready),
    ]

    static let livePath = "/healthz"
    static var live: Response { .text("ok\n") }

    /// Ready when the database answers; the vault's state is told, but browsing works without it.
    private static func ready(_ call: Call, _ scope: inout Scope) throws -> Response {
        let vault = try scope.database.vaultIsOpen()
        return .json(["database": true, "vault": .bool(vault)], status: 200)
    }
}

import Cryptography
import HTTP

/// The session's cookie (trust.md S9–S11): 256 random bits; the database has only their SHA-256.
enum SessionCookie {
    static let name = "__Host-batchport"

    static func fresh() -> String { base64URL(randomBytes(32)) }

    static func value(in request: Request) throws -> String? {
        guard let value = try request.cookies()[name], value.utf8.count == 43 else { return nil }
        return value
    }

    static func hash(_ secret: String) -> [UInt8] { sha256(Array(secret.utf8)) }

    static func set(_ secret: String, on response: inout Response) {
        response.headers.add("Set-Cookie", "\(name)=\(secret); Path=/; Secure; HttpOnly; SameSite=Lax")
    }

    static func clear(on response: inout Response) {
        response.headers.add("Set-Cookie", "\(name)=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
    }
}

import Cryptography
import FoundationEssentials
import HTTP

/// A browser in which a person has signed in before: a lock set by strangers' guesses does not keep its owner out
/// (trust.md S4).
enum KnownDevice {
    static let cookie = "__Host-batchport-device"
    /// From here on no device helps; the lock, of an hour at most, must run out.
    static let mostFailures = 100

    static func isKnown(_ person: UUID, in request: Request, _ site: Site) throws -> Bool {
        guard let presented = try request.cookies()[cookie] else { return false }
        return constantTimeEquals(Array(presented.utf8), Array(proof(person, site).utf8))
    }

    static func set(_ person: UUID, on response: inout Response, _ site: Site) {
        response.headers.add(
            "Set-Cookie",
            "\(cookie)=\(proof(person, site)); Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=31536000")
    }

    private static func proof(_ person: UUID, _ site: Site) -> String {
        base64URL(hmacSHA256(key: site.pepper, Array("batchport device \(person.lower)".utf8)))
    }
}

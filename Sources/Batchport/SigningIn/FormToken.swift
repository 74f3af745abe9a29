import Cryptography
import HTML
import HTTP

/// Proof that a form came from our own page in this very session (trust.md S14): the browser's word on where the
/// request comes from, and a value bound to the session.
enum FormToken {
    static let field = "form_token"
    /// Before sign-in there is no session: the value is bound to this cookie instead.
    static let anonymousCookie = "__Host-batchport-form"

    static func make(for secret: String) -> String {
        base64URL(hmacSHA256(key: Array(secret.utf8), Array("batchport form".utf8)))
    }

    static func input(_ token: String) -> HTML { "<input type=\"hidden\" name=\"form_token\" value=\"\(token)\">" }

    static func checkOrigin(_ request: Request, _ site: Site) throws {
        let fetchSite = try request.header("sec-fetch-site")
        let origin = try request.header("origin")
        guard fetchSite == "same-origin" || (fetchSite == nil && origin == site.origin) else {
            throw Failure.formExpired
        }
        if let origin, origin != site.origin { throw Failure.formExpired }
    }

    static func check(_ presented: String?, _ request: Request, _ scope: borrowing Scope) throws {
        let expected: String
        if case .identified(let identity) = scope.caller {
            expected = identity.formToken
        } else if let cookie = try request.cookies()[anonymousCookie] {
            expected = make(for: cookie)
        } else {
            throw Failure.formExpired
        }
        guard let presented, constantTimeEquals(Array(presented.utf8), Array(expected.utf8)) else {
            throw Failure.formExpired
        }
    }
}

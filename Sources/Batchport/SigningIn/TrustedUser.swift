import FoundationEssentials
import HTML
import HTTP
import PostgreSQL

/// Who the site's own authentication, before the portal, says is there: taken only with `web.trust_remote_user = yes`.
///
/// The e-mail address comes as the FastCGI parameter REMOTE_USER, which only nginx sets. What a client sends as a header
/// `Remote-User` arrives as HTTP_REMOTE_USER, another variable, and is never looked at.
enum TrustedUser {
    static func address(_ request: Request, _ site: Site) -> String? {
        guard site.trustsRemoteUser, !request.remoteUser.isEmpty else { return nil }
        return request.remoteUser
    }

    /// A session of somebody else than the one who is there now is worth nothing.
    static func contradicts(_ identity: Identity, _ request: Request, _ site: Site) -> Bool {
        guard identity.isSession, let address = address(request, site) else { return false }
        return address.lowercased() != identity.email.lowercased()
    }

    /// A form, because reading a page opens no session; and so that signing out is not undone by the next page.
    static func offer(_ request: Request, _ next: String?, _ kept: String?, _ cookie: String, _ site: Site) -> HTML? {
        guard let address = address(request, site) else { return nil }
        return """
            <form class="flow" method="post" action="/sign-in/site">\(FormToken.input(FormToken.make(for: cookie)))\
            \(SignIn.carried(next))\(KeptForm.carried(kept))
            <button class="btn main wide">Go on as \(address)</button></form><p class="small dim">Or with a password:</p>
            """
    }

    /// The address is proven, the password is not asked for; a second factor that somebody has set up is.
    static func signIn(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        guard let address = address(call.request, scope.site) else { throw Failure.notFound }
        let (next, kept) = (try form.one("next"), try form.one(KeptForm.field))
        let found = try scope.database.row("SELECT person, has_factor FROM password_of(\(address))") {
            (person: try $0.uuid(0), hasFactor: try $0.bool(1))
        }
        guard let found else {
            let problem = "Nobody here has the e-mail address \(address). Ask an admin for an invitation."
            return try SignIn.form(call.request, next: next, email: "", problem: problem, kept: kept, &scope)
        }
        if found.hasFactor {
            return try SignInCode.ask(found.person, next: next, problem: nil, kept: kept, call.request, &scope)
        }
        return try SignIn.open(found.person, withFactor: false, next: next, kept: kept, call.request, &scope)
    }
}

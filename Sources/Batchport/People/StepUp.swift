import FoundationEssentials
import PostgreSQL

/// Dangerous acts ask for the password again once the last proof is ten minutes old (trust.md S8).
enum StepUp {
    static func isFresh(_ scope: inout Scope) throws -> Bool {
        guard case .session(_, let authenticatedAt) = try scope.identity().way else { return false }
        let seconds = try scope.database.row("SELECT site_limit('session.stepUpSeconds') AS n") {
            try $0.value("n", as: Int64.self)
        }
        return scope.site.now() - authenticatedAt < (seconds ?? 600) * 1000
    }

    /// Passes when the proof is fresh or the password in the form is right; else says what is missing.
    static func problem(_ password: String?, _ scope: inout Scope) throws -> Failure.Problem? {
        if try isFresh(&scope) { return nil }
        let identity = try scope.identity()
        let missing = Failure.Problem(
            "/your_password", "stepUp", "Type your password again: more than ten minutes have passed since you did.")
        guard let password, !password.isEmpty else { return missing }
        let stored = try scope.database.row(
            "SELECT password FROM password_of(\(identity.email)) WHERE NOT is_locked"
        ) { try $0.value("password", as: String.self) }
        let pepper = scope.site.pepper
        let matches = try scope.site.hashing.pass {
            try Password.matches(password, stored: stored ?? Password.nobodys, pepper: pepper)
        }
        if matches { return nil }
        try scope.database.execute("SELECT password_failed(\(identity.person))")
        return Failure.Problem("/your_password", "wrong", "This is not your password.")
    }
}

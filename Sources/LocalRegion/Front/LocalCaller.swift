import Cryptography

/// Who signed a request of the local region, after the signature has been verified.
package struct LocalCaller: Sendable, Equatable {
    /// A user's name (`first`), `assumed-role/ROLE/SESSION` for keys that were issued to a job, or `:root`.
    package let principal: String
    /// Twelve digits.
    package let account: String
    package let accessKeyID: String
    /// As the answer names it.
    package let requestID: String

    package init(principal: String, account: String, accessKeyID: String, requestID: String = "") {
        self.principal = principal
        self.account = account
        self.accessKeyID = accessKeyID
        self.requestID = requestID
    }

    package var arn: String {
        if principal == ":root" { return "arn:aws:iam::\(account):root" }
        return principal.hasPrefix("assumed-role/")
            ? "arn:aws:sts::\(account):\(principal)" : "arn:aws:iam::\(account):user/\(principal)"
    }

    /// `AIDA…` for users, `AROA…:SESSION` for roles, the account for its root user: always the same for the same name.
    var userID: String {
        if principal == ":root" { return account }
        let parts = principal.split(separator: "/")
        let isRole = principal.hasPrefix("assumed-role/") && parts.count > 2
        let named = isRole ? parts[1] : principal[...]
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)
        let letters = sha256(Array(named.utf8)).prefix(17).map { alphabet[Int($0 & 31)] }
        return (isRole ? "AROA" : "AIDA") + String(decoding: letters, as: UTF8.self)
            + (isRole ? ":" + parts[2...].joined(separator: "/") : "")
    }
}

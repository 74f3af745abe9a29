/// Who signed a request of the local region, after the signature has been verified.
package struct LocalCaller: Sendable, Equatable {
    /// A user's name (`first`), or `assumed-role/ROLE/SESSION` for keys that were issued to a job.
    package let principal: String
    /// Twelve digits.
    package let account: String
    package let accessKeyID: String

    package init(principal: String, account: String, accessKeyID: String) {
        self.principal = principal
        self.account = account
        self.accessKeyID = accessKeyID
    }

    package var arn: String {
        principal.hasPrefix("assumed-role/")
            ? "arn:aws:sts::\(account):\(principal)" : "arn:aws:iam::\(account):user/\(principal)"
    }
}

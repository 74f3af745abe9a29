/// An access key, with its session token where it is a temporary one. It never prints.
package struct AWSCredentials: Sendable, Equatable {
    package let accessKeyID: String
    package let secretAccessKey: String
    package let sessionToken: String?
    /// Twelve digits, where it is known whose key it is. It signs nothing: calls of one account share their restraint.
    package var account: String?
    /// Milliseconds since the epoch, where they are a session's: nothing signed with them is good for longer.
    package var expiresAt: Int64?

    package init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }
}

extension AWSCredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "AWSCredentials" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

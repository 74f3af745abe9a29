/// An error as AWS's services give it: HTTP status, code, and a sentence that may be shown. The front writes it in the
/// form of the service that was asked.
package struct LocalFault: Error, Sendable, Equatable {
    package let status: Int
    package let code: String
    package let message: String
    /// Further members of S3's XML document, such as `Key`.
    package let details: [String: String]

    package init(status: Int = 400, code: String, message: String, details: [String: String] = [:]) {
        self.status = status
        self.code = code
        self.message = message
        self.details = details
    }
}

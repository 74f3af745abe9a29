/// An error as AWS's services give it: HTTP status, code, and a sentence that may be shown. The front writes it in the
/// form of the service that was asked.
package struct LocalFault: Error, Sendable, Equatable {
    package let status: Int
    package let code: String
    package let message: String
    /// Further members of S3's XML document, such as `Key`.
    let details: [(name: StaticString, value: String)]

    package init(status: Int = 400, code: String, message: String) {
        self.init(status: status, code: code, message: message, details: [])
    }

    init(status: Int = 400, code: String, message: String, details: [(name: StaticString, value: String)]) {
        self.status = status
        self.code = code
        self.message = message
        self.details = details
    }

    package static func == (a: LocalFault, b: LocalFault) -> Bool {
        a.status == b.status && a.code == b.code && a.message == b.message
            && a.details.elementsEqual(b.details) { $0.name.description == $1.name.description && $0.value == $1.value }
    }
}

/// A request that cannot be taken as it is: status, a short name for programs, and a sentence.
package struct RequestError: Error, Sendable, Equatable {
    package let status: Int
    package let code: String
    package let detail: String

    package init(status: Int, code: String, detail: String) {
        self.status = status
        self.code = code
        self.detail = detail
    }

    static func bad(_ code: String, _ detail: String) -> RequestError {
        RequestError(status: 400, code: code, detail: detail)
    }
}

package enum BodyError: Error, Sendable, Equatable {
    /// The client broke off before the end.
    case truncated
    case tooLarge
}

package import HTML
package import JSON

/// An answer: status, headers, and a body that stands ready or is written as it is made.
package struct Response {
    package typealias Write = (_ bytes: [UInt8]) throws -> Void

    package enum Body {
        case bytes([UInt8])
        /// `length` in bytes where it is known beforehand.
        case stream(length: Int?, _ produce: (_ write: Write) throws -> Void)
        /// No answer at all: the connection is dropped.
        case dropped
    }

    package var status: Int
    package var headers: Headers
    package var body: Body

    package init(status: Int, headers: Headers = Headers(), body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    package static func html(_ html: HTML, status: Int = 200) -> Response {
        Response(
            status: status, headers: Headers([("Content-Type", "text/html; charset=utf-8")]), body: .bytes(html.bytes))
    }

    package static func json(_ value: JSONValue, status: Int = 200, type: String = "application/json") -> Response {
        Response(status: status, headers: Headers([("Content-Type", type)]), body: .bytes(value.serialized()))
    }

    package static func text(_ text: String, status: Int = 200) -> Response {
        Response(
            status: status, headers: Headers([("Content-Type", "text/plain; charset=utf-8")]),
            body: .bytes(Array(text.utf8)))
    }

    /// See other: what follows a form.
    package static func redirect(to location: String, status: Int = 303) -> Response {
        Response(status: status, headers: Headers([("Location", location)]))
    }
}

/// A form's fields.
package struct Form: Sendable {
    private let fields: Query

    package init(fields: Query) { self.fields = fields }

    /// application/x-www-form-urlencoded.
    package static func urlEncoded(_ bytes: [UInt8], limit: Int = 100) throws(RequestError) -> Form {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .bad("malformedForm", "The form is not UTF-8.")
        }
        return Form(fields: try Query.parse(text[...], limit: limit))
    }

    /// A field that may stand once.
    package func one(_ name: String) throws(RequestError) -> String? { try fields.one(name) }

    package func all(_ name: String) -> [String] { fields.all(name) }
}

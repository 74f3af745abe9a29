/// The texts of a row, left where libpq received them, which lives as long as this does. For lists: most of their texts
/// are only written on, and some are not looked at.
package struct KeptTexts {
    private let result: QueryResult
    private let row: Int32

    init(_ result: QueryResult, _ row: Int32) {
        self.result = result
        self.row = row
    }

    /// The column by its position; nil for NULL.
    package subscript(column: Int) -> String? {
        withBytes(column) { String(validating: $0) }.flatMap(\.self)
    }

    /// Lends the text's bytes, UTF-8 as the server sees to; nil for NULL.
    package func withBytes<Value>(_ column: Int, _ body: (Span<UInt8>) -> Value) -> Value? {
        let column = Int32(column)
        return result.length(row, column).map { result.withBytes(row, column, $0, body) }
    }
}

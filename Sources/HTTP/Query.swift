/// Names and values of a query or a form, decoded, in order.
package struct Query: Sendable, Equatable {
    package struct Item: Sendable, Equatable {
        package let name: String
        package let value: String
    }

    package let items: [Item]

    package init(items: [Item] = []) { self.items = items }

    /// Reads `a=1&b=2` (application/x-www-form-urlencoded). Broken escapes and more than `limit` items are refused.
    package static func parse(_ raw: Substring, limit: Int = 100) throws(RequestError) -> Query {
        var items: [Item] = []
        for part in raw.split(separator: "&") {
            guard items.count < limit else {
                throw .bad("tooManyParameters", "There are more than \(limit) parameters.")
            }
            let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = percentDecode(halves[0], plusIsBlank: true),
                let value = percentDecode(halves.count > 1 ? halves[1] : "", plusIsBlank: true)
            else { throw .bad("malformedParameter", "A parameter is not well-formed percent-encoded UTF-8.") }
            items.append(Item(name: name, value: value))
        }
        return Query(items: items)
    }

    /// The value of a name that may stand once; twice is refused (trust.md S24).
    package func one(_ name: String) throws(RequestError) -> String? {
        let found = items.filter { $0.name == name }
        guard found.count <= 1 else {
            throw .bad("duplicateParameter", "The parameter \u{201C}\(name)\u{201D} is there more than once.")
        }
        return found.first?.value
    }

    package func all(_ name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }
}

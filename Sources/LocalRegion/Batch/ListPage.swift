internal import Cryptography
internal import JSON

/// The part of a list that a request asks for: `maxResults` of those behind the place that its `nextToken` names.
struct ListPage {
    let limit: Int
    /// Of the last one on the page before; nil for the first page.
    let after: String?
    /// A token is of one list only.
    private let list: String

    init(_ request: RequestMembers, of list: String, most: Int) throws(LocalFault) {
        self.list = list
        limit = try request.integer("maxResults") ?? most
        guard (1...most).contains(limit) else { throw .batch("maxResults must be between 1 and \(most)") }
        after = try Self.place(request, list)
    }

    /// What names its members has no pages. The words are AWS's for `maxResults`.
    static func refuse(_ request: RequestMembers, with names: String, besides others: [String] = []) throws(LocalFault)
    {
        for other in ["maxResults", "nextToken"] + others where !(request.value[other]?.isNull ?? true) {
            throw .batch("\(capitalized(names)) and \(capitalized(other)) cannot both be set")
        }
    }

    private static func capitalized(_ name: String) -> String { name.prefix(1).uppercased() + name.dropFirst() }

    /// An empty token is none.
    private static func place(_ request: RequestMembers, _ list: String) throws(LocalFault) -> String? {
        guard let token = try request.string("nextToken"), !token.isEmpty else { return nil }
        let start = list + " "
        guard let bytes = unbase64(token), let text = String(validating: bytes, as: UTF8.self), text.hasPrefix(start),
            !text.utf8.contains(0)
        else { throw .batch("Invalid nextToken") }
        return String(text.dropFirst(start.count))
    }

    /// For lists whose places are numbers.
    func afterNumber() throws(LocalFault) -> Int? {
        guard let after else { return nil }
        guard let number = Int(after) else { throw .batch("Invalid nextToken") }
        return number
    }

    /// - Parameters:
    ///   - name: the member that holds them.
    ///   - found: one more than `limit` where the list goes on.
    func answer(_ name: String, _ found: [(place: String, item: JSONValue)]) -> JSONValue {
        let page = found.prefix(limit)
        let last = found.count > limit ? page.last?.place : nil
        return .members([
            (name, .array(page.map(\.item))),
            ("nextToken", last.map { .string(base64(Array("\(list) \($0)".utf8))) }),
        ])
    }
}

import HTTP
import JSON

/// A stretch of a property that is as long as its array: where it begins, and how many entries it has at most.
struct PropertyPage {
    static let most = 200

    let limit: Int
    /// The number of its first entry, from 0.
    let first: Int

    init(first: Int = 0, limit: Int = PropertyPage.most) {
        self.first = first
        self.limit = limit
    }

    init(_ query: Query) throws {
        try Parameters.only(["limit", "cursor"], in: query)
        limit = try Numbers.one("limit", in: query, 1...Self.most) ?? Self.most
        guard let text = try query.one("cursor") else {
            first = 0
            return
        }
        guard let n = Int(text), (0...Int(Int32.max)).contains(n), String(n) == text else { throw Failure.badCursor }
        first = n
    }

    /// - Parameter path: the property's address below `/api/v1`, without what asks for a page of it.
    func answer(_ items: [JSONValue], of count: Int, at path: String) -> JSONValue {
        let next = first + items.count
        let isLast = items.isEmpty || next >= count
        return [
            "items": .array(items), "count": JSONValue(count),
            "nextCursor": isLast ? nil : .string(String(next)),
            "rest": isLast ? nil : .string("/api/v1\(path)?limit=\(limit)&cursor=\(next)"),
        ]
    }
}

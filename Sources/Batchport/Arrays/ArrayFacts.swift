import JSON
import JobManifest
import PostgreSQL

/// What an array was asked to do, beside its code.
struct ArrayFacts {
    let function: String
    let initialization: [UInt8]?
    let workers: Int?
    let method: SplitMethod
    /// The list's beginning, one element a line; nil until it was stored in the bucket.
    let start: String?
    /// At its end: elements without a value.
    let missing: Int?

    /// Nil for a job that is no array.
    init?(_ row: borrowing Row) throws {
        guard let text = try row.value("method", as: JSONText?.self) else { return nil }
        method = SplitMethod(try JSONValue.parse(text.bytes)) ?? .automatic
        function = try row.textOptional("function") ?? "f"
        initialization = try row.bytesOptional("initialization")
        workers = try row.intOptional("workers")
        start = try row.textOptional("elements_start")
        missing = try row.intOptional("missing_results")
    }
}

extension ArrayPlan {
    /// The first hundred spans, and what there are in all.
    var json: JSONValue {
        let shown = (0..<min(100, spans.children)).map { k -> JSONValue in
            let range = spans.range(of: k)
            return [
                "child": JSONValue(k), "firstElement": JSONValue(range.lowerBound), "elements": JSONValue(range.count),
            ]
        }
        return [
            "elements": JSONValue(list.count), "childJobCount": JSONValue(spans.children),
            "form": .string(list.form.rawValue), "largest": JSONValue(spans.range(of: 0).count),
            "smallest": JSONValue(spans.range(of: spans.children - 1).count), "children": .array(shown),
        ]
    }

    /// In a sentence.
    var words: String {
        let (largest, smallest) = (spans.range(of: 0).count, spans.range(of: spans.children - 1).count)
        let each =
            largest == smallest
            ? "\(Words.count(largest)) \(largest == 1 ? "element" : "elements") each"
            : "\(Words.count(smallest)) to \(Words.count(largest)) elements each"
        let children = spans.children == 1 ? "1 child" : "\(Words.count(spans.children)) children"
        return "\(Words.count(list.count)) elements over \(children), \(each)"
    }
}

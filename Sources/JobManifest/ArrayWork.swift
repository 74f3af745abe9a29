internal import JSON

/// What an array's children do: a function of each element of a list, of which each child has a span.
package struct ArrayWork: Sendable, Equatable {
    /// JSON Lines: one element a line, each line ended by LF, without blanks between an element's tokens.
    package var elements: StoredObject
    /// Where each element begins in it, and where the last one ends: unsigned 64-bit numbers, least byte first.
    package var index: StoredObject
    package var spans: ElementSpans
    /// What is called for each element: a name, for `wolfram` an expression; unused by `command`.
    package var function: String
    /// Run once per child after the source and before the function.
    package var initialization: StoredObject?
    /// Processes that call the function at once; nil: the vCPU count.
    package var workers: Int?

    package init(
        elements: StoredObject, index: StoredObject, spans: ElementSpans, function: String,
        initialization: StoredObject? = nil, workers: Int? = nil
    ) {
        self.elements = elements
        self.index = index
        self.spans = spans
        self.function = function
        self.initialization = initialization
        self.workers = workers
    }

    /// The index's length for so many elements, in bytes.
    package static func indexSize(_ elements: Int) -> Int { (elements + 1) * 8 }
}

extension ArrayWork {
    var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("elements", .object(elements.members)), .init("index", .object(index.members)),
            .init("spans", .object(spans.members.map { .init($0.key, JSONValue($0.value)) })),
            .init("function", JSONValue(function)),
        ]
        if let initialization { members.append(.init("initialization", .object(initialization.members))) }
        if let workers { members.append(.init("workers", JSONValue(workers))) }
        return .object(members)
    }

    init(_ reader: DocumentReader) throws(DocumentError) {
        elements = try StoredObject(try reader.object("elements"))
        index = try StoredObject(try reader.object("index"))
        spans = try ElementSpans(try reader.object("spans"))
        function = try reader.string("function")
        initialization = reader.has("initialization") ? try StoredObject(try reader.object("initialization")) : nil
        workers = reader.has("workers") ? try reader.count("workers") : nil
        if workers == 0 { throw reader.fault("workers", "must be at least 1") }
        guard index.size == Self.indexSize(spans.elements) else {
            throw reader.fault("index", "has another length than its elements need")
        }
    }
}

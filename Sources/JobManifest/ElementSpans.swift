/// How a list is cut for an array's children: contiguous spans in the list's order, one each, none empty.
package struct ElementSpans: Sendable, Equatable {
    package let elements: Int
    package let children: Int
    /// Elements of each child but the last; nil where sizes differ by at most one, the larger first.
    private let size: Int?

    /// A fixed number of children, of which each needs an element.
    package init?(elements: Int, children: Int) {
        guard children >= 1, elements >= children else { return nil }
        self.init(elements: elements, children: children, size: nil)
    }

    /// A fixed number of elements each; the last child may have fewer.
    package init?(elements: Int, perChild size: Int) {
        guard elements >= 1, size >= 1 else { return nil }
        self.init(elements: elements, children: (elements - 1) / size + 1, size: size)
    }

    private init(elements: Int, children: Int, size: Int?) {
        self.elements = elements
        self.children = children
        self.size = size
    }

    /// The child's elements, both counted from 0.
    package func range(of child: Int) -> Range<Int> {
        if let size { return child * size..<min(elements, (child + 1) * size) }
        let (whole, rest) = elements.quotientAndRemainder(dividingBy: children)
        let first = child * whole + min(child, rest)
        return first..<first + whole + (child < rest ? 1 : 0)
    }
}

extension ElementSpans {
    var members: [String: Int] {
        var members = ["elements": elements, "children": children]
        members["perChild"] = size
        return members
    }

    init(_ reader: DocumentReader) throws(DocumentError) {
        let (elements, children) = (try reader.count("elements"), try reader.count("children"))
        let size = reader.has("perChild") ? try reader.count("perChild") : nil
        let spans =
            size.map { ElementSpans(elements: elements, perChild: $0) }
            ?? ElementSpans(elements: elements, children: children)
        guard let spans, spans.children == children else { throw reader.fault("is no way to cut a list") }
        self = spans
    }
}

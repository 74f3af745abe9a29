import JSON
import JobManifest
import Testing

@testable import Batchport

/// A list of elements, read piece by piece, and cut into spans.
struct ElementTests {
    private let limits = ElementScanner.Limits(count: 5, bytes: 30)

    private func scan(_ text: String, by size: Int = 1) throws -> (ElementList, [String]) {
        var scanner = ElementScanner(limits)
        var found: [String] = []
        let take = { (json: ArraySlice<UInt8>) in found.append(String(decoding: json, as: UTF8.self)) }
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            try scanner.feed(Array(bytes[start...].prefix(size)), take)
        }
        return (try scanner.finish(take), found)
    }

    @Test(
        arguments: [
            ("1\n2.5\n\"a\\n]\"\n", "lines", ["1", "2.5", #""a\n]""#]),
            ("[1, [2], {\"a\": \"],\"}]", "array", ["1", "[2]", #"{"a": "],"}"#]),
            ("  \n[\n 1 ,\r\n 2\n]\n \n", "array", ["1", "2"]),
            ("{\"a\":1}\n\n{\"b\":\n2}\n", "lines", ["{\"a\":1}", "{\"b\":\n2}"]), ("null", "lines", ["null"]),
            ("\"größe\"\n", "lines", ["\"größe\""]), ("\u{FEFF}1\n2", "lines", ["1", "2"]),
            ("\u{FEFF}[1,\n2]", "array", ["1", "2"]),
        ])
    func readsBothForms(text: String, form: String, elements: [String]) throws {
        for size in [1, 3, 1000] {
            let (list, found) = try scan(text, by: size)
            #expect(list == ElementList(form: try #require(.init(rawValue: form)), count: elements.count))
            #expect(found == elements)
        }
    }

    @Test func linesThatAreArraysAreNoArray() throws {
        #expect(try scan("[1,2]\n[3]\n[]\n").0 == ElementList(form: .lines, count: 3))
        var scanner = ElementScanner(limits, form: .lines)
        var found: [String] = []
        let take = { (json: ArraySlice<UInt8>) in found.append(String(decoding: json, as: UTF8.self)) }
        try scanner.feed(Array("[1,2]\n[3]".utf8), take)
        #expect(try scanner.finish(take) == ElementList(form: .lines, count: 2))
        #expect(found == ["[1,2]", "[3]"])
    }

    @Test(
        arguments: [
            ("", 1, 1, "holds no element"), ("[]", 1, 3, "holds no element"), ("\n \n", 3, 1, "holds no element"),
            ("1\n{\"a\" 2}\n", 2, 6, "has something JSON does not allow"), ("[1,,2]", 1, 4, "does not allow"),
            ("[1,2", 1, 5, "ends before its array does"), ("1\n2 3\n", 2, 3, "second value in one line"),
            ("[1\n,nope]", 2, 3, "does not allow"), ("{\"a\":1,\"a\":2}\n", 1, 8, "twice"),
            ("1\n\"\(String(repeating: "a", count: 40))\"", 2, 1, "more than 30 bytes"),
            ("[1,2,3,4,5,6]", 1, 12, "more than 5 elements"), ("[1] x", 1, 5, "does not allow"),
            ("]", 1, 1, "does not allow"),
            ("1\n\u{FEFF}2", 2, 1, "does not allow"), ("NaN\n", 1, 1, "does not allow"),
            ("\"\u{1}\"", 1, 2, "malformed string"),
        ])
    func saysWhereItIsNone(text: String, line: Int, column: Int, words: String) throws {
        let fault = #expect(throws: ElementFault.self) { try scan(text) }
        #expect(fault?.line == line && fault?.column == column, "\(String(describing: fault))")
        #expect(fault?.problem.contains(words) == true, "\(String(describing: fault))")
    }

    @Test(
        arguments: [(10, 3, nil), (10, 10, nil), (1, 1, nil), (10, nil, 4), (10, nil, 5), (3, nil, 100)]
            as [(Int, Int?, Int?)])
    func spansAreContiguousAndWhole(elements: Int, children: Int?, size: Int?) throws {
        let spans = try #require(
            children.map { ElementSpans(elements: elements, children: $0) }
                ?? size.map { ElementSpans(elements: elements, perChild: $0) })
        let cut = try #require(spans)
        var next = 0
        for k in 0..<cut.children {
            let range = cut.range(of: k)
            #expect(range.lowerBound == next && !range.isEmpty)
            if let size { #expect(range.count <= size) }
            next = range.upperBound
        }
        #expect(next == elements)
        if children != nil { #expect(cut.range(of: 0).count - cut.range(of: cut.children - 1).count <= 1) }
    }

    @Test func automaticNeverExceedsALimit() throws {
        func children(_ method: SplitMethod, _ elements: Int, most: Int = 10_000) -> Int? {
            var limits = BatchEnvironment.Limits()
            limits.arraySize = most
            return try? method.spans(of: elements, automatic: 100, within: limits).get().children
        }
        #expect(children(.automatic, 7) == 7 && children(.automatic, 1_000_000) == 100)
        #expect(children(.automatic, 1000, most: 20) == 20)
        #expect(children(.childJobs(10_000), 20_000) == 10_000 && children(.childJobs(10_001), 20_000) == nil)
        #expect(children(.childJobs(5), 3) == 3 && children(.childJobs(0), 3) == nil)
        #expect(children(.elementsPerChild(0), 3) == nil && children(.elementsPerChild(1), 10_001) == nil)
    }
}

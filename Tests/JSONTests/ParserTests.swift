import Testing

@testable import JSON

private func parse(_ text: String, maxDepth: Int = 32) throws(JSONError) -> JSONValue {
    try JSONValue.parse(Array(text.utf8), maxDepth: maxDepth)
}

@Suite struct ParserTests {
    @Test(
        arguments: [
            ("null", JSONValue.null), (" true ", true), ("-0", .number("-0")), ("1.50e+3", .number("1.50e+3")),
            ("\"a\\u00e9\\ud83d\\ude00\\n\"", "aé😀\n"), ("[1,[],{}]", [1, [], .object([])]),
            ("{\"b\":1,\"a\":null}", ["b": 1, "a": nil]),
        ] as [(String, JSONValue)])
    func reads(text: String, expected: JSONValue) throws {
        #expect(try parse(text) == expected)
        #expect(throws: Never.self) { try JSONValue.check(Array(text.utf8)) }
    }

    @Test func anObjectOfManyNamesIsReadInOneGo() throws {
        let names = (0..<100_000).map { "n\($0)" }
        var reader = ObjectReader(.object(names.map { .init($0, .string($0)) }))
        #expect(names.allSatisfy { reader.string($0) == $0 } && reader.finish().isEmpty)
        var unread = ObjectReader(.object(names.map { .init($0, true) }))
        #expect(unread.finish().count == 100 && unread.finish().count == 100)
    }

    @Test func namesThatDifferInTheirBytesAreTwo() throws {
        let value = try parse("{\"\u{E9}\":1,\"e\u{301}\":2}")
        #expect(value.members?.map { $0.name.utf8.count } == [2, 3])
        #expect(try JSONValue.parse(value.serialized()).members?.count == 2)
    }

    @Test(
        arguments: [
            ("", JSONError.Reason.unfinished), ("[1", .unfinished), ("{\"a\":", .unfinished), ("\"abc", .unfinished),
            ("{'a':1}", .unexpected), ("[1,]", .unexpected), ("nul", .unfinished), ("nulx", .unexpected),
            ("1 2", .trailing),
            ("{\"a\":1,\"\\u0061\":2}", .duplicateName), ("01", .badNumber), ("1.", .badNumber), ("--1", .badNumber),
            ("1e", .badNumber), ("\"\\x\"", .badString), ("\"\\ud800\"", .badString),
            ("\"\\ud800\\u0041\"", .badString),
            ("\"a\\n\u{1}\"", .badString), ("NaN", .unexpected), ("// c\n1", .unexpected),
        ] as [(String, JSONError.Reason)])
    func refuses(text: String, reason: JSONError.Reason) {
        #expect(throws: JSONError.self) { try parse(text) }
        do { _ = try parse(text) } catch { #expect(error.reason == reason) }
        #expect(throws: JSONError.self) { try JSONValue.check(Array(text.utf8)) }
    }

    @Test(arguments: [[0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22]] as [[UInt8]])
    func refusesBadUTF8(bytes: [UInt8]) {
        do {
            _ = try JSONValue.parse(bytes)
            Issue.record("accepted")
        } catch { #expect(error.reason == .notUTF8) }
    }

    @Test func depthIsBounded() throws {
        let deep = String(repeating: "[", count: 1_000) + String(repeating: "]", count: 1_000)
        do {
            _ = try parse(deep)
            Issue.record("accepted")
        } catch { #expect(error.reason == .tooDeep) }
        #expect(try parse("[[1]]", maxDepth: 2) == [[1]])
    }

    @Test func faultsTellLineAndColumn() {
        do {
            _ = try parse("{\n  \"a\": 1,\n  \"b\": x\n}")
            Issue.record("accepted")
        } catch {
            #expect(error.line == 3 && error.column == 8)
            #expect("\(error)" == "The JSON has something JSON does not allow at line 3, column 8.")
        }
    }

    @Test func numbersKeepTheirText() throws {
        let value = try parse("[9007199254740993, 1.0, 1e3, 1.5, 99999999999999999999]")
        #expect(value[0]?.integer == 9_007_199_254_740_993)
        #expect(value[1]?.integer == 1 && value[2]?.integer == 1000 && value[3]?.integer == nil)
        #expect(value[4]?.integer == nil && value[3]?.double == 1.5)
        #expect(value.text == "[9007199254740993,1.0,1e3,1.5,99999999999999999999]")
    }

    @Test func writesSortedAndEscaped() throws {
        let value: JSONValue = ["b": "<\"\\\u{7f}\n\u{1}é", "a": [1, true, nil]]
        #expect(value.text == #"{"a":[1,true,null],"b":"\u003c\"\\\u007f\n\u0001é"}"#)
        #expect(try parse(value.text)["b"] == value["b"])
        #expect(JSONValue(Double.nan) == .null)
    }
}

@Suite struct ObjectReaderTests {
    @Test func collectsEveryFault() throws {
        let body = try parse(#"{"name": 7, "extra": 1, "list": ["a", 2], "inner": {"x": "1", "y~/": 2}, "none": null}"#)
        var reader = ObjectReader(body)
        #expect(reader.string("name") == nil && reader.string("none") == nil)
        #expect(reader.strings("list") == ["a"])
        _ = reader.object("inner") { inner in inner.integer("x") }
        let problems = reader.finish()
        #expect(Set(problems.map(\.pointer)) == ["/name", "/extra", "/list/1", "/inner/x", "/inner/y~0~1"])
        #expect(problems.filter { $0.code == "unknownField" }.map(\.pointer).sorted() == ["/extra", "/inner/y~0~1"])
    }

    @Test func refusesWhatIsNoObject() throws {
        var reader = ObjectReader(try parse("[]"))
        #expect(reader.string("a") == nil)
        #expect(reader.finish().map(\.code) == ["wrongType"])
    }
}

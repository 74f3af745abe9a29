import HTTP
import Testing

struct ParsingTests {
    private func request(_ target: String, _ headers: [(String, String)] = []) throws -> Request {
        try Request(method: "GET", target: target, headers: Headers(headers))
    }

    @Test(arguments: [
        ("/", []), ("/a", ["a"]), ("/a/", ["a"]), ("/a/b%20c", ["a", "b c"]), ("/a+b", ["a+b"]), ("/a?b/c", ["a"]),
        ("/%E2%82%AC", ["€"]), ("/%2e%2e%2e", ["..."]), ("/a;b=c", ["a;b=c"]), ("/%25%32%65", ["%2e"]),
    ])
    func paths(target: String, parts: [String]) throws {
        #expect(try request(target).path == parts)
    }

    @Test(arguments: [
        "", "a", "*", "http://a/b", "//", "//a", "/a//b", "/a//", "/.", "/..", "/a/../b", "/%2e%2E/b", "/a%2Fb",
        "/a%5Cb",
        "/a\\b", "/%00", "/a%0Ab", "/%7F", "/%", "/%4", "/%zz", "/%ff", "/%C0%AF", "/%ED%A0%80", "?a", "/%2e",
    ])
    func noPaths(target: String) throws {
        let request = try request(target)
        let error = #expect(throws: RequestError.self) { try request.path }
        #expect(error?.status == 400)
    }

    @Test func rawPartsStayAsTheyCame() throws {
        let request = try request("//a%2Fb/../c?x=%20?y")
        #expect(request.rawPath == "//a%2Fb/../c")
        #expect(request.rawQuery == "x=%20?y")
        #expect(try self.request("/a").rawQuery == "")
    }

    @Test(arguments: [
        ("", []), ("a=1&b=2", ["a=1", "b=2"]), ("a=1&a=2", ["a=1", "a=2"]), ("a", ["a="]), ("a=", ["a="]),
        ("=1", ["=1"]), ("&&a=1&", ["a=1"]), ("a=b=c", ["a=b=c"]), ("a+b=c%2Bd", ["a b=c+d"]), ("%61=%C3%A4", ["a=ä"]),
        ("?a=1", ["?a=1"]),
    ])
    func queries(raw: String, items: [String]) throws {
        let query = try Query.parse(raw[...])
        #expect(query.items.map { "\($0.name)=\($0.value)" } == items)
        #expect(try request("/x?" + raw).query == query)
    }

    @Test(arguments: ["a=%", "a=%2", "a=%gg", "%ff=1", "a=%C0%80"])
    func noQueries(raw: String) {
        #expect(throws: RequestError.self) { try request("/x?" + raw) }
    }

    @Test func parametersThatMayStandOnce() throws {
        let query = try Query.parse("a=1&b=1&b=2")
        #expect(try query.one("a") == "1")
        #expect(try query.one("c") == nil)
        #expect(query.all("b") == ["1", "2"])
        #expect(throws: RequestError.self) { try query.one("b") }
        let many = Array(repeating: "a=1", count: 101).joined(separator: "&")
        #expect(throws: RequestError.self) { try Query.parse(many[...]) }
        #expect(try Query.parse(many[...], limit: 101).items.count == 101)
    }

    @Test func headersThatMayStandOnce() throws {
        let request = try request("/", [("X-A", "1"), ("x-b", "1"), ("X-B", "2")])
        #expect(try request.header("x-a") == "1")
        #expect(try request.header("X-C") == nil)
        #expect(throws: RequestError.self) { try request.header("x-b") }
    }

    @Test(arguments: [
        ("", [:]), ("a=1", ["a": "1"]), ("a=1; b=2", ["a": "1", "b": "2"]), ("a=1;b=2=3", ["a": "1", "b": "2=3"]),
        ("a=; b", ["a": ""]), ("__Host-s=x%20y", ["__Host-s": "x%20y"]),
    ])
    func cookies(line: String, found: [String: String]) throws {
        #expect(try request("/", [("Cookie", line)]).cookies() == found)
    }

    @Test(arguments: [["a=1; a=2"], ["a=1", "b=2"]])
    func noCookies(lines: [String]) throws {
        let request = try request("/", lines.map { ("Cookie", $0) })
        #expect(throws: RequestError.self) { try request.cookies() }
    }

    @Test func noValueEndsItsLine() {
        var headers = Headers([("A", "1\r\nB: 2"), ("C", "x\0y\nz\rw")])
        #expect(headers.fields.map(\.value) == ["1  B: 2", "x y z w"])
        headers.set("a", "3")
        #expect(headers.all("A") == ["3"])
        headers.remove("c")
        #expect(headers.first("C") == nil)
    }

    @Test func forms() throws {
        let form = try Form.urlEncoded(Array("name=a+b&scopes=x&scopes=y&empty=".utf8))
        #expect(try form.one("name") == "a b")
        #expect(try form.one("empty") == "")
        #expect(form.all("scopes") == ["x", "y"])
        #expect(throws: RequestError.self) { try form.one("scopes") }
        #expect(throws: RequestError.self) { try Form.urlEncoded([0x61, 0x3D, 0xFF]) }
        #expect(throws: RequestError.self) { try Form.urlEncoded(Array("a=1&b=2&c=3".utf8), limit: 2) }
    }
}

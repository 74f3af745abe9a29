import Testing

@testable import HTTP

struct BodyTests {
    /// A body that arrives in pieces of that size.
    static func body(_ text: String, pieces: Int = .max, length: Int? = nil) -> RequestBody {
        var rest = Array(text.utf8)[...]
        return RequestBody(length: length) { max in
            let piece = rest.prefix(min(max, pieces))
            rest = rest.dropFirst(piece.count)
            return Array(piece)
        }
    }

    @Test func allOrNothing() throws {
        var body = Self.body("abcdef", pieces: 4)
        #expect(try body.all(limit: 6) == Array("abcdef".utf8))
        var long = Self.body("abcdef", pieces: 4)
        #expect(throws: BodyError.tooLarge) { _ = try long.all(limit: 5) }
        var announced = Self.body("", length: 6)
        #expect(throws: BodyError.tooLarge) { _ = try announced.all(limit: 5) }
        var short = Self.body("abc", length: 6)
        #expect(throws: BodyError.truncated) { _ = try short.all(limit: 6) }
    }

    private struct NoForm: Error {}

    private static func reader(partLimit: Int = 200) throws -> MultipartReader {
        guard let reader = MultipartReader(contentType: head, partLimit: partLimit) else { throw NoForm() }
        return reader
    }

    private static let head = "multipart/form-data; boundary=X"
    private static let good = """
        preamble\r
        --X\r
        Content-Disposition: form-data; name="a"\r
        \r
        1\r
        --X\r
        Content-Disposition: form-data; name="f"; filename="d%22e.txt"\r
        Content-Type: text/plain\r
        X-Other: y\r
        \r
        line\r
        --Y\r\n--\r
        \r
        --X--\r
        epilogue
        """

    @Test(arguments: [1, 2, 3, 5, 7, 64, 1 << 16])
    func parts(pieces: Int) throws {
        var body = Self.body(Self.good, pieces: pieces)
        var reader = try Self.reader()
        #expect(try reader.next(&body) == .init(name: "a", filename: nil, contentType: nil))
        #expect(try reader.text(&body, limit: 10) == "1")
        #expect(try reader.next(&body) == .init(name: "f", filename: "d\"e.txt", contentType: "text/plain"))
        var bytes: [UInt8] = []
        while let piece = try reader.chunk(&body) { bytes += piece }
        #expect(String(decoding: bytes, as: UTF8.self) == "line\r\n--Y\r\n--\r\n")
        #expect(try reader.next(&body) == nil)
        #expect(try reader.next(&body) == nil)
    }

    @Test func partsThatNobodyReadsAreSkipped() throws {
        var body = Self.body(Self.good, pieces: 9)
        var reader = try Self.reader()
        var names: [String] = []
        while let part = try reader.next(&body) { names.append(part.name) }
        #expect(names == ["a", "f"])
    }

    @Test func aLargePartComesPieceByPiece() throws {
        let content = String(repeating: "\r\n--x", count: 60_000)
        let text = "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\(content)\r\n--X--"
        var body = Self.body(text, pieces: 10_000)
        var reader = try Self.reader()
        _ = try reader.next(&body)
        var bytes: [UInt8] = []
        while let piece = try reader.chunk(&body) {
            #expect(piece.count < 1 << 17)
            bytes += piece
        }
        #expect(bytes == Array(content.utf8))
    }

    @Test(arguments: [
        "", "--X", "no boundary at all", "--X\r\n\r\nx\r\n--X--", "--Xy\r\n",
        "--X\r\nContent-Disposition: form-data\r\n\r\n",
        "--X\r\nnonsense\r\n\r\n", "--X\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n1\r\n--X--",
        "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nno end",
        "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--X",
        "--X\nContent-Disposition: form-data; name=\"a\"\n\n1\n--X--",
    ])
    func noForms(text: String) throws {
        var body = Self.body(text)
        var reader = try Self.reader()
        var failure: (any Error)?
        do {
            while try reader.next(&body) != nil { while try reader.chunk(&body) != nil {} }
        } catch {
            failure = error
        }
        #expect(failure is RequestError || failure as? BodyError == .truncated)
    }

    @Test func limits() throws {
        let part = "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n12345\r\n"
        var body = Self.body(part + part + "--X--")
        var reader = try Self.reader(partLimit: 1)
        _ = try reader.next(&body)
        #expect(throws: BodyError.tooLarge) { _ = try reader.text(&body, limit: 4) }
        #expect(throws: RequestError.self) { _ = try reader.next(&body) }
        var wide = Self.body("--X\r\nA: " + String(repeating: "b", count: 20_000))
        var second = try Self.reader()
        #expect(throws: RequestError.self) { _ = try second.next(&wide) }
        var noText = Self.body("--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\u{FF}\r\n--X--")
        var third = try Self.reader()
        _ = try third.next(&noText)
        #expect(try third.text(&noText, limit: 9) == "\u{FF}")
    }

    @Test(arguments: [
        ("multipart/form-data; boundary=X", true), ("Multipart/Form-Data; charset=utf-8; boundary=\"a b\"", true),
        ("multipart/form-data", false), ("multipart/form-data; boundary=", false),
        ("multipart/mixed; boundary=X", false),
        ("multipart/form-data; boundary=" + String(repeating: "x", count: 71), false), ("text/plain", false),
    ])
    func contentTypes(type: String, isForm: Bool) {
        let reader = MultipartReader(contentType: type)
        switch consume reader {
        case .some: #expect(isForm)
        case .none: #expect(!isForm)
        }
    }
}

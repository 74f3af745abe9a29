import HTTP
import Testing

struct WritingTests {
    @Test(
        arguments: [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
            (4_102_444_799, "Thu, 31 Dec 2099 23:59:59 GMT"),
        ] as [(Int64, String)])
    func dates(seconds: Int64, text: String) {
        #expect(HTTPDate.format(seconds) == text)
        #expect(HTTPDate.parse(text) == seconds)
    }

    @Test(arguments: [
        "", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 32 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 -8:49:37 GMT",
    ])
    func noDates(text: String) { #expect(HTTPDate.parse(text) == nil) }

    @Test(arguments: [
        ("a.txt", "attachment; filename=\"a.txt\""),
        ("ä\"b.txt", "attachment; filename=\"__b.txt\"; filename*=UTF-8''%C3%A4%22b.txt"),
        ("a\r\nb", "attachment; filename=\"a__b\"; filename*=UTF-8''a%0D%0Ab"),
        ("../x", "attachment; filename=\".._x\"; filename*=UTF-8''..%2Fx"),
    ])
    func attachments(name: String, header: String) { #expect(attachment(named: name) == header) }

    @Test func percentEncoding() {
        #expect(percentEncode("a b/ä~") == "a%20b%2F%C3%A4~")
        #expect(percentEncode("a b/ä~", keepingSlashes: true) == "a%20b/%C3%A4~")
        #expect(percentDecode("a%20b+c") == "a b+c")
        #expect(percentDecode("a%20b+c", plusIsBlank: true) == "a b c")
        let all = String(String.UnicodeScalarView((0..<0x250).compactMap(Unicode.Scalar.init)))
        #expect(percentDecode(percentEncode(all)[...]) == all)
    }
}

import Testing

@testable import HTML

@Suite struct HTMLTests {
    private func text(_ html: HTML) -> String { String(decoding: html.bytes, as: UTF8.self) }

    @Test(arguments: [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"), ("a & b", "a &amp; b"),
        ("\" onload='x'", "&quot; onload=&#39;x&#39;"), ("é\u{0}", "é\u{0}"),
    ])
    func escapesStrings(value: String, expected: String) {
        #expect(text("<p title=\"\(value)\">\(value)</p>") == "<p title=\"\(expected)\">\(expected)</p>")
    }

    @Test func insertsMarkup() {
        let item: HTML = "<li>\("<")</li>"
        let absent: HTML? = nil
        let present: HTML? = "<hr>"
        let missing: String? = nil
        #expect(
            text("<ul>\([item, item])</ul>\(absent)\(present)\(missing)\(7)")
                == "<ul><li>&lt;</li><li>&lt;</li></ul><hr>7")
    }

    @Test func addsUp() {
        var sum: HTML = "<a>"
        sum += "\("&")"
        #expect(text(sum + "</a>") == "<a>&amp;</a>")
    }
}

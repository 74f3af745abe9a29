import Testing

@testable import HTML

@Suite struct HTMLTests {
    private func text(_ html: HTML) -> String { html.text }

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

    @Test(arguments: 0...70) func escapesWhereverItStands(place: Int) {
        let plain = String(repeating: "x", count: 70)
        let (before, after) = (plain.prefix(place), plain.dropFirst(place))
        for (character, entity) in [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&quot;"), ("'", "&#39;")] {
            #expect(text("\(before + character + after)") == before + entity + after)
        }
    }

    @Test func escapesNothingElse() {
        for byte in 0...UInt8.max where !"&<>\"'".utf8.contains(byte) {
            var html = HTML()
            let bytes = [UInt8](repeating: byte, count: 40)
            html.append(text: bytes.span)
            #expect(html.bytes == bytes)
        }
    }

    @Test(arguments: [0, 7, -1, 1_234_567_890, .max, .min] as [Int64]) func writesNumbers(number: Int64) {
        var html = HTML()
        html.append(number)
        #expect(html.text == String(number))
    }

    @Test func itemsWriteIntoTheList() {
        let items = ["<", "b", "c"]
        func write(_ item: String, to html: inout HTML) { html += "<li>\(item)</li>" }
        #expect(text("<ul>\(each: items, write)</ul>") == "<ul><li>&lt;</li><li>b</li><li>c</li></ul>")
        #expect(text("<ul>\(each: [], write)</ul>") == "<ul></ul>")
    }

    @Test func valuesWriteThemselves() {
        struct Twice: HTMLWritable {
            let word: String
            func write(to html: inout HTML) {
                html.append(text: word)
                html.append(markup: "<br>")
                html.append(text: word)
            }
        }
        #expect(text("<p>\(Twice(word: "&"))</p>") == "<p>&amp;<br>&amp;</p>")
    }

    @Test func addsUp() {
        var sum: HTML = "<a>"
        sum += "\("&")"
        #expect(text(sum + "</a>") == "<a>&amp;</a>")
    }
}

import Testing

@testable import Batchport

struct PreviewTests {
    @Test(arguments: ["", "a", "größe", "日本語", "🙂"])
    func aWholeTextIsItself(text: String) {
        #expect(Preview.text(Array(text.utf8), isWhole: true) == text)
    }

    @Test func isCutAtACharacter() {
        let text = "aé日🙂"
        let bytes = Array(text.utf8)
        let expected = ["", "a", "a", "aé", "aé", "aé", "aé日", "aé日", "aé日", "aé日", "aé日🙂"]
        for count in 0...bytes.count {
            #expect(Preview.text(Array(bytes.prefix(count)), isWhole: false) == expected[count])
        }
    }

    @Test(
        arguments: [[0xFF, 0x41], [0x41, 0x00, 0x42], [0xC3, 0x28, 0x41], [0x80, 0x80, 0x80, 0x80, 0x80]] as [[UInt8]])
    func whatIsNoTextHasNone(bytes: [UInt8]) {
        #expect(Preview.text(bytes, isWhole: true) == nil)
        #expect(Preview.text(bytes, isWhole: false) == nil)
    }

    @Test func aTextThatEndsInsideACharacterIsNone() {
        #expect(Preview.text([0x41, 0xC3], isWhole: true) == nil)
    }
}

struct ContentTypeTests {
    @Test(arguments: [
        ("text/html", ContentType.unknown), ("image/svg+xml", "image/svg+xml"), ("image/png", "image/png"),
        ("text/plain", "text/plain"), ("application/pdf", ContentType.unknown), ("image/gif", ContentType.unknown),
    ])
    func onlyAFewAreSigned(type: String, signed: String) {
        #expect(ContentType.toSign(type) == signed)
    }

    @Test(arguments: [
        "", "text", "text/", "/plain", "text/plain; charset=utf-8", "text/pl\r\nain", "TEXT/PLAIN", "a/b/c",
    ])
    func whatIsNoTypeIsUnknown(type: String) {
        #expect(ContentType.checked(type) == ContentType.unknown)
    }

    @Test(arguments: [
        ("a/b.csv", "text/csv"), ("PLOT.SVG", "image/svg+xml"), ("x", ContentType.unknown),
        ("a.exe", ContentType.unknown),
    ])
    func isNamedByItsSuffix(path: String, type: String) {
        #expect(ContentType.named(path) == type)
    }
}

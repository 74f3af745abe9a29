import Cryptography
import Testing

struct EncodingTests {
    /// RFC 4648 §10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func base64BothWays(text: String, encoded: String) {
        #expect(base64(Array(text.utf8)) == encoded)
        #expect(unbase64(encoded) == Array(text.utf8))
        #expect(base64URL(Array(text.utf8)) == encoded.filter { $0 != "=" })
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n", "====", "-_-_", "Zg==Zg==", "Zm9vä",
    ])
    func noBase64(text: String) { #expect(unbase64(text) == nil) }

    @Test func allByteValues() {
        let bytes = (0...255).map { UInt8($0) }
        #expect(unbase64(base64(bytes)) == bytes)
        #expect(unhex(hex(bytes)) == bytes)
        #expect(unhex(hex(bytes).uppercased()) == bytes)
        #expect(base64URL([0xFB, 0xFF]) == "-_8")
    }

    @Test(arguments: ["0", "0g", "0x00", "00 ", "é0"])
    func noHexadecimal(text: String) { #expect(unhex(text) == nil) }

    @Test(
        arguments: [([], 3, "000"), ([61], 2, "0z"), ([62], 2, "10"), ([0xFF, 0xFF, 0xFF, 0xFF], 6, "4gfFC3")]
            as [([UInt8], Int, String)])
    func base62AsNumbers(bytes: [UInt8], length: Int, text: String) { #expect(base62(bytes, length: length) == text) }

    @Test func equalityIsOfAllBytes() {
        #expect(constantTimeEquals([1, 2], [1, 2]))
        #expect(!constantTimeEquals([1, 2], [1, 3]))
        #expect(!constantTimeEquals([1, 2], [1, 2, 0]))
        #expect(constantTimeEquals([], []))
    }
}

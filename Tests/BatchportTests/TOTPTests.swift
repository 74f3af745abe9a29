import Cryptography
import Testing

@testable import Batchport

struct TOTPTests {
    private static let secret = Array("12345678901234567890".utf8)

    /// RFC 6238, appendix B, SHA-1; the last six of its eight digits.
    @Test(arguments: [
        (59, "287082"), (1_111_111_109, "081804"), (1_111_111_111, "050471"), (1_234_567_890, "005924"),
        (2_000_000_000, "279037"), (20_000_000_000, "353130"),
    ])
    func isAsTheStandardHasIt(seconds: Int64, code: String) {
        #expect(TOTP.code(Self.secret, step: TOTP.step(at: seconds * 1000)) == code)
    }

    @Test func takesOneStepToEitherSide() {
        let now: Int64 = 1_234_567_890_000
        let step = TOTP.step(at: now)
        for offset in -3...3 as ClosedRange<Int64> {
            let code = TOTP.code(Self.secret, step: step + offset)
            #expect(TOTP.step(of: code, Self.secret, at: now) == (abs(offset) <= 1 ? step + offset : nil))
        }
        let code = TOTP.code(Self.secret, step: step)
        #expect(TOTP.step(of: code.prefix(3) + " " + code.suffix(3), Self.secret, at: now) == step)
        for text in ["", "12345", "1234567", "abcdef", code + "0"] {
            #expect(TOTP.step(of: text, Self.secret, at: now) == nil)
        }
    }

    /// RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB"),
        ("foobar", "MZXW6YTBOI"),
    ])
    func base32IsAsTheStandardHasIt(text: String, encoded: String) {
        #expect(base32(Array(text.utf8)) == encoded)
    }

    @Test func theLinkNamesAccountAndSite() {
        #expect(
            TOTP.address(Self.secret, email: "a b@x.org", host: "h:1")
                == "otpauth://totp/Batchport:a%20b%40x.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Batchport%20h%3A1"
        )
    }
}

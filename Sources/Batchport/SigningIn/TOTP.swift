import Cryptography

/// Time-based one-time passwords (RFC 6238): SHA-1, 30 s, six digits, as every authenticator knows them.
enum TOTP {
    static let secretBytes = 20
    private static let period: Int64 = 30
    /// One step to either side, for clocks that differ and people who type slowly.
    private static let tolerance: Int64 = 1

    static func step(at milliseconds: Int64) -> Int64 { milliseconds / 1000 / period }

    static func code(_ secret: [UInt8], step: Int64) -> String {
        let counter = (0..<8).reversed().map { UInt8(truncatingIfNeeded: step >> ($0 * 8)) }
        let mac = hmacSHA1(key: secret, counter)
        let offset = Int(mac[19] & 15)
        let number = mac[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } & 0x7FFF_FFFF
        return String(String(1_000_000 + number % 1_000_000).dropFirst())
    }

    /// The step whose code this is, if it is one of now; blanks do not matter.
    static func step(of typed: String, _ secret: [UInt8], at milliseconds: Int64) -> Int64? {
        let digits = Array(typed.filter { $0 != " " }.utf8)
        let now = step(at: milliseconds)
        return (now - tolerance...now + tolerance).first {
            constantTimeEquals(Array(code(secret, step: $0).utf8), digits)
        }
    }

    /// What an authenticator reads from a link.
    static func address(_ secret: [UInt8], email: String, host: String) -> String {
        "otpauth://totp/Batchport:\(percent(email))?secret=\(base32(secret))&issuer=Batchport%20\(percent(host))"
    }

    private static func percent(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: String(UnicodeScalar(byte))
            default: "%" + hex([byte]).uppercased()
            }
        }.joined()
    }
}

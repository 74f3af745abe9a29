import Cryptography
import FoundationEssentials
import PostgreSQL

/// The second factor (trust.md S6): codes of an authenticator, each good once, and recovery codes for when it is lost.
enum SecondFactor {
    static let recoveryCodes = 10

    static func seal(_ secret: [UInt8], of person: UUID, _ site: Site) throws -> [UInt8] {
        try PepperSeal("second factor", site).seal(secret, context: person.lower)
    }

    /// Whether the code is good now, and no longer after this.
    static func accept(_ typed: String, of person: UUID, _ scope: inout Scope) throws -> Bool {
        let factor = try scope.database.row("SELECT sealed, clock_timestamp() FROM factor_of(\(person))") {
            (sealed: try $0.bytes(0), now: try $0.milliseconds(1))
        }
        guard let factor,
            let secret = PepperSeal("second factor", scope.site).open(factor.sealed, context: person.lower)
        else { return false }
        if let step = TOTP.step(of: typed, secret, at: factor.now) {
            return try scope.database.row("SELECT use_factor_step(\(person), \(step))") { try $0.bool(0) } ?? false
        }
        let hash = recoveryHash(typed, of: person, scope.site)
        return try scope.database.row("SELECT use_recovery_code(\(person), \(hash))") { try $0.bool(0) } ?? false
    }

    /// 50 bits each, in two groups; hyphens and case do not matter when typed.
    static func freshRecoveryCodes() -> [String] {
        let letters = Array("abcdefghjkmnpqrstvwxyz0123456789".utf8)
        return (0..<recoveryCodes).map { _ in
            let text = String(decoding: randomBytes(10).map { letters[Int($0 & 31)] }, as: UTF8.self)
            return text.prefix(5) + "-" + text.suffix(5)
        }
    }

    static func recoveryHash(_ code: String, of person: UUID, _ site: Site) -> [UInt8] {
        let plain = code.lowercased().filter { $0.isLetter || $0.isNumber }
        return hmacSHA256(key: site.pepper, Array("batchport recovery \(person.lower) \(plain)".utf8))
    }
}

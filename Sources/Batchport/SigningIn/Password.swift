import Cryptography
import Foundation  // NFKC is not in FoundationEssentials.

/// A password's stored form (trust.md S1, S3): scrypt, then HMAC with the pepper that the database never holds.
/// Text: `scrypt$N$r$p$SALT$HASH`, salt and hash in base64.
package struct Password: Sendable {
    package static let parameters = (n: 1 << 15, r: 8, p: 3)

    package static func store(_ password: String, pepper: [UInt8]) throws -> String {
        let salt = randomBytes(16)
        let (n, r, p) = parameters
        let hash = try hash(password, salt: salt, n: n, r: r, p: p, pepper: pepper)
        return "scrypt$\(n)$\(r)$\(p)$\(base64(salt))$\(base64(hash))"
    }

    package static func matches(_ password: String, stored: String, pepper: [UInt8]) throws -> Bool {
        let parts = stored.split(separator: "$").map(String.init)
        guard parts.count == 6, parts[0] == "scrypt", let n = Int(parts[1]), let r = Int(parts[2]),
            let p = Int(parts[3]), let salt = unbase64(parts[4]), let hash = unbase64(parts[5])
        else { return false }
        return constantTimeEquals(hash, try self.hash(password, salt: salt, n: n, r: r, p: p, pepper: pepper))
    }

    /// What to compare with for an address nobody has, so that it costs the same work (trust.md S5).
    static let nobodys = "scrypt$32768$8$3$\(base64([UInt8](repeating: 0, count: 16)))$\(base64([0]))"

    private static func hash(
        _ password: String, salt: [UInt8], n: Int, r: Int, p: Int, pepper: [UInt8]
    ) throws -> [UInt8] {
        let normalised = Array(password.precomposedStringWithCompatibilityMapping.utf8)
        let stretched = try scrypt(password: normalised, salt: salt, n: n, r: r, p: p, length: 32)
        return hmacSHA256(key: pepper, stretched)
    }
}

extension Password {
    /// Why a new password will not do, if it will not: 15 characters at least, no known one, nothing of the site's own.
    package static func objection(_ password: String, about person: [String], known: KnownPasswords) -> String? {
        guard password.unicodeScalars.count >= 15 else { return "The password must have at least 15 characters." }
        guard password.utf8.count <= 1024 else { return "The password must have at most 1,024 bytes." }
        let bare = Self.bare(password)
        for word in ["batchport"] + person + person.flatMap(Self.parts) where Self.isRepeated(word, in: bare) {
            return "The password is nothing but \u{201C}\(word)\u{201D}; choose another."
        }
        if known.contain(bare) || Set(bare).count < 4 {
            return "The password is among those that are tried first; choose another."
        }
        return nil
    }

    /// Its letters and digits alone, in one case: how words are compared, on both sides.
    private static func bare(_ text: String) -> String {
        text.precomposedStringWithCompatibilityMapping.lowercased().filter { $0.isLetter || $0.isNumber }
    }

    /// Of an e-mail address what stands before the `@`, of a name its words.
    private static func parts(_ text: String) -> [String] {
        text.split(separator: text.contains("@") ? "@" : " ").prefix(text.contains("@") ? 1 : 8).map(String.init)
    }

    /// Once or more, and nothing else.
    private static func isRepeated(_ word: String, in bareText: String) -> Bool {
        let word = bare(word)
        guard word.count > 3, !bareText.isEmpty, bareText.utf8.count.isMultiple(of: word.utf8.count) else {
            return false
        }
        return bareText == String(repeating: word, count: bareText.utf8.count / word.utf8.count)
    }
}

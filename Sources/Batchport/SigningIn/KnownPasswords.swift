import Processes

/// The passwords that are tried first (trust.md S3), read once at start from a file of one a line.
package struct KnownPasswords: Sendable {
    private let words: Set<String>

    package init(file: String) throws {
        let text = String(decoding: try File.read(file, limit: 8 << 20), as: UTF8.self)
        words = Set(
            text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
                line.lowercased().filter { $0.isLetter || $0.isNumber }
            })
    }

    /// `password` holds letters and digits only, in lower case; repeating a known one does not make it a new one.
    func contain(_ password: String) -> Bool {
        if words.contains(password) { return true }
        return (2...4).contains { times in
            let part = String(password.prefix(password.count / times))
            return password == String(repeating: part, count: times) && words.contains(part)
        }
    }
}

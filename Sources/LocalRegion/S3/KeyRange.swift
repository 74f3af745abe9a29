/// A stretch of keys in byte order.
struct KeyRange: Sendable, Equatable {
    var lower: String
    var includesLower: Bool
    /// Exclusive; nil is the end of all keys.
    let upper: String?

    /// All keys that begin with `prefix`.
    init(prefix: String) {
        lower = prefix
        includesLower = true
        upper = prefix.isEmpty ? nil : successor(of: prefix)
    }

    /// Without what is not behind `key`.
    mutating func start(after key: String) {
        guard !precedes(key, lower) else { return }
        lower = key
        includesLower = false
    }

    /// Without all that begins with `prefix` and what is before; false if nothing is left.
    mutating func skip(_ prefix: String) -> Bool {
        guard let next = successor(of: prefix) else { return false }
        if !precedes(next, lower) {
            lower = next
            includesLower = true
        }
        return true
    }
}

func precedes(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }

/// The least text that is behind all those that begin with `prefix`; UTF-8 sorts as its scalars do. Nil where there is
/// none.
private func successor(of prefix: String) -> String? {
    var scalars = Array(prefix.unicodeScalars)
    while let last = scalars.popLast() {
        let next = last.value == 0xD7FF ? 0xE000 : last.value + 1
        if let scalar = Unicode.Scalar(next) {
            var text = String.UnicodeScalarView(scalars)
            text.append(scalar)
            return String(text)
        }
    }
    return nil
}

import Cryptography

/// The name of one request, given back to its client and written to the log.
enum RequestID {
    static func make() -> String {
        let text = hex(randomBytes(16))
        let ends = [8, 12, 16, 20, 32]
        return zip([0] + ends, ends).map { start, end in
            String(text.dropFirst(start).prefix(end - start))
        }.joined(separator: "-")
    }
}

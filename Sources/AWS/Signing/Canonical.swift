internal import HTTP

/// The canonical forms that both sides must agree on byte for byte.
extension SigV4 {
    static func canonicalPath(_ path: String, _ rule: PathRule) -> String {
        switch rule {
        case .asSent: path.isEmpty ? "/" : path
        case .normalized: percentEncode(normalized(path), keepingSlashes: true)
        }
    }

    /// Names and values decoded and encoded again (so that either spelling signs alike), sorted by bytes.
    package static func canonicalQuery(_ query: String) -> String {
        let pairs = query.split(separator: "&").map { part in
            let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (name: recoded(halves[0]), value: halves.count > 1 ? recoded(halves[1]) : "")
        }
        let sorted = pairs.sorted { a, b in
            a.name == b.name
                ? a.value.utf8.lexicographicallyPrecedes(b.value.utf8)
                : a.name.utf8.lexicographicallyPrecedes(b.name.utf8)
        }
        return sorted.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }

    /// Same-named fields joined by commas in their order, each trimmed, inner blanks one.
    static func canonicalValue(of name: String, _ headers: [(name: String, value: String)]) -> String {
        headers.filter { $0.name.lowercased() == name }.map { field in
            // By bytes: as a character, CR LF is neither CR nor LF.
            field.value.utf8.split { " \t\r\n".utf8.contains($0) }.map { String(decoding: $0, as: UTF8.self) }
                .joined(separator: " ")
        }.joined(separator: ",")
    }

    /// RFC 3986 §5.2.4, and no empty segments.
    private static func normalized(_ path: String) -> String {
        var kept: [Substring] = []
        let segments = path.split(separator: "/", omittingEmptySubsequences: false)
        for segment in segments where !segment.isEmpty && segment != "." {
            if segment == ".." { _ = kept.popLast() } else { kept.append(segment) }
        }
        let isFolder = segments.last.map { $0.isEmpty || $0 == "." || $0 == ".." } ?? true
        return "/" + kept.joined(separator: "/") + (isFolder && !kept.isEmpty ? "/" : "")
    }

    /// A stray percent sign stands for itself.
    private static func recoded(_ text: Substring) -> String { percentEncode(percentDecode(text) ?? String(text)) }
}

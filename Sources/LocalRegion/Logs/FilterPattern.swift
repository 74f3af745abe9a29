internal import PostgreSQL

/// A filter pattern of terms: all of them, any of those with `?`, none of those with `-`; quotes hold spaces together.
struct FilterPattern {
    private var all: [String] = []
    private var any: [String] = []
    private var none: [String] = []

    init(_ text: String) throws(LocalFault) {
        guard text.unicodeScalars.count <= 1024 else {
            throw .parameter("filterPattern must be at most 1024 characters")
        }
        guard !text.hasPrefix("{"), !text.hasPrefix("["), !text.hasPrefix("%") else {
            throw .parameter("The local region has filter patterns of terms only, not of JSON, columns or expressions.")
        }
        var rest = text[...].drop { $0 == " " }
        while let first = rest.first {
            let sign = first == "?" || first == "-" ? first : nil
            if sign != nil { rest = rest.dropFirst() }
            let term: Substring
            if rest.first == "\"" {
                guard let end = rest.dropFirst().firstIndex(of: "\"") else {
                    throw .parameter("Invalid filter pattern")
                }
                term = rest[rest.index(after: rest.startIndex)..<end]
                rest = rest[rest.index(after: end)...]
            } else {
                term = rest.prefix { $0 != " " }
                rest = rest[term.endIndex...]
            }
            switch sign {
            case "?": any.append(String(term))
            case "-": none.append(String(term))
            default: all.append(String(term))
            }
            rest = rest.drop { $0 == " " }
        }
    }

    /// Of a row of `log_events`.
    var condition: SQL {
        """
        NOT EXISTS (SELECT FROM unnest(\(all)) AS term WHERE strpos(message, term) = 0)
            AND NOT EXISTS (SELECT FROM unnest(\(none)) AS term WHERE strpos(message, term) > 0)
            AND (\(any.isEmpty) OR EXISTS (SELECT FROM unnest(\(any)) AS term WHERE strpos(message, term) > 0))
        """
    }
}

import Cryptography
import PostgreSQL

/// One page of a bucket's keys, with those that share a prefix up to the delimiter rolled into one entry.
struct Listing: Sendable {
    struct Entry: Sendable {
        let key: String
        let size: Int
        let etag: String
        let modifiedAt: Int64
    }

    private(set) var entries: [Entry] = []
    private(set) var prefixes: [String] = []
    /// Where the next page starts; nil on the last.
    private(set) var continuation: Continuation?
    private var last: Continuation?

    var count: Int { entries.count + prefixes.count }

    /// What a page ended with.
    enum Continuation: Sendable, Equatable {
        case key(String)
        case prefix(String)

        /// The key or prefix itself.
        var text: String {
            switch self {
            case .key(let text), .prefix(let text): text
            }
        }

        var token: String {
            switch self {
            case .key(let key): base64URL(Array("k\(key)".utf8))
            case .prefix(let prefix): base64URL(Array("p\(prefix)".utf8))
            }
        }

        init?(token: String) {
            let standard = token.replacing("-", with: "+").replacing("_", with: "/")
            let padding = String(repeating: "=", count: (4 - token.utf8.count % 4) % 4)
            guard let bytes = unbase64(standard + padding), let text = String(validating: bytes, as: UTF8.self) else {
                return nil
            }
            switch text.unicodeScalars.first {
            case "k": self = .key(String(text.unicodeScalars.dropFirst()))
            case "p": self = .prefix(String(text.unicodeScalars.dropFirst()))
            default: return nil
            }
        }
    }

    static func page(
        of bucket: String, in range: KeyRange, prefix: String, delimiter: String, limit: Int,
        _ database: inout Connection
    ) throws -> Listing {
        var listing = Listing()
        var range = range
        var batch = limit + 1
        while true {
            let wanted = min(batch, limit - listing.count + 1)
            let found = try read(bucket, range, limit: wanted, &database)
            switch listing.take(found, prefix, delimiter, limit) {
            case .full: return listing
            case .group(let group):
                guard range.skip(group) else { return listing }
                // Where groups are, more of them follow: what lies behind this one's first key was read in vain.
                batch = 16
            case .all:
                guard found.count == wanted, let last = found.last else { return listing }
                range.start(after: last.key)
                batch *= 2
            }
        }
    }

    private enum Taken {
        case all
        case group(String)
        case full
    }

    /// Takes entries up to the first that belongs to a group.
    private mutating func take(_ found: [Entry], _ prefix: String, _ delimiter: String, _ limit: Int) -> Taken {
        for entry in found {
            guard count < limit else {
                if limit > 0 { continuation = last }
                return .full
            }
            if let group = Self.group(entry.key, prefix, delimiter) {
                prefixes.append(group)
                last = .prefix(group)
                return .group(group)
            }
            entries.append(entry)
            last = .key(entry.key)
        }
        return .all
    }

    /// The key up to and with the first delimiter behind the prefix.
    static func group(_ key: String, _ prefix: String, _ delimiter: String) -> String? {
        guard !delimiter.isEmpty else { return nil }
        let scalars = key.unicodeScalars
        guard key.utf8.starts(with: prefix.utf8) else { return nil }
        let start = scalars.index(scalars.startIndex, offsetBy: prefix.unicodeScalars.count)
        let wanted = Array(delimiter.unicodeScalars)
        var at = start
        while at < scalars.endIndex {
            if scalars[at...].starts(with: wanted) {
                return String(scalars[..<scalars.index(at, offsetBy: wanted.count)])
            }
            at = scalars.index(after: at)
        }
        return nil
    }

    private static func read(
        _ bucket: String, _ range: KeyRange, limit: Int, _ database: inout Connection
    ) throws -> [Entry] {
        let lower: SQL = range.includesLower ? "key >= \(range.lower)" : "key > \(range.lower)"
        let upper: SQL = range.upper.map { "AND key < \($0)" } ?? ""
        return try database.rows(
            """
            SELECT key, size, etag, modified_at FROM objects
            WHERE bucket = \(bucket) AND \(fragment: lower) \(fragment: upper) ORDER BY key LIMIT \(limit)
            """
        ) { row in
            Entry(
                key: try row.text("key"), size: try row.int("size"), etag: "\"\(try row.text("etag"))\"",
                modifiedAt: try row.milliseconds("modified_at"))
        }
    }
}

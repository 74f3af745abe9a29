import FoundationEssentials
import JSON
import PostgreSQL

/// An environment's versions: who changed what, and when.
struct EnvironmentHistory {
    struct Version {
        let number: Int
        let at: Int64
        /// Nil from the command line.
        let by: String?
        let document: JSONValue
        /// Since the version before; of the first one, nothing.
        var changes: [Change] = []
    }

    /// One member that is different: `limits.memory` from 2048 to 4096.
    struct Change {
        let name: String
        let from: JSONValue
        let to: JSONValue
    }

    static let pageSize = 20

    /// Newest first.
    let versions: [Version]
    let hasMore: Bool

    /// - Parameter read: newest first, with one more than is shown, to know what the last one changed.
    init(_ read: [Version]) {
        hasMore = read.count > Self.pageSize
        versions = read.prefix(Self.pageSize).enumerated().map { index, version in
            var version = version
            if index + 1 < read.count {
                version.changes = Self.changes(from: read[index + 1].document, to: version.document)
            }
            return version
        }
    }

    static func changes(from old: JSONValue, to new: JSONValue) -> [Change] {
        let (old, new) = (flat(old), flat(new))
        return Set((new + old).map(\.name)).sorted().compactMap { name in
            let (from, to) = (value(name, old), value(name, new))
            return from == to ? nil : Change(name: name, from: from, to: to)
        }
    }

    private static func value(_ name: String, _ members: [JSONValue.Member]) -> JSONValue {
        members.first { $0.name == name }?.value ?? .null
    }

    /// Members of objects stand beside the others, as `limits.memory`.
    private static func flat(_ document: JSONValue) -> [JSONValue.Member] {
        (document.members ?? []).flatMap { member -> [JSONValue.Member] in
            guard let inner = member.value.members, member.name != "serviceObject" else { return [member] }
            return inner.map { .init(member.name + "." + $0.name, $0.value) }
        }
    }
}

extension Connection {
    /// For whoever manages it; nobody else sees any.
    /// - Parameter before: only versions below this one.
    mutating func history(of environment: UUID, before: Int? = nil) throws -> EnvironmentHistory {
        let read = try rows(
            """
            SELECT v.version, v.at, v.by, p.name, v.document FROM environment_versions v LEFT JOIN people p ON p.id = v.by
            WHERE v.environment = \(environment) AND v.version < coalesce(\(before)::int, 2147483647)
            ORDER BY v.version DESC LIMIT \(EnvironmentHistory.pageSize + 1)
            """
        ) { row in
            EnvironmentHistory.Version(
                number: try row.int("version"), at: try row.milliseconds("at"),
                by: try row.uuidOptional("by") == nil ? nil : row.textOptional("name") ?? "somebody",
                document: try JSONValue.parse(try row.json("document").bytes))
        }
        return EnvironmentHistory(read)
    }
}

extension EnvironmentHistory.Version {
    var json: JSONValue {
        [
            "version": JSONValue(number), "at": Instant(at).json, "by": JSONValue(by),
            "changes": .array(changes.map { ["name": .string($0.name), "from": $0.from, "to": $0.to] }),
            "environment": document,
        ]
    }
}

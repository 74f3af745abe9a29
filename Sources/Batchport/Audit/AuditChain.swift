import Cryptography
import PostgreSQL

/// The chain of the audit trail (trust.md S60): each entry's seal is an HMAC over the seal before and over the entry's
/// exact text. The key is the worker's and the operator's; neither the database nor the web has it.
package struct AuditChain: Sendable {
    private let key: [UInt8]

    /// - Parameter key: 32 bytes.
    package init(key: [UInt8]) { self.key = key }

    /// What the first entry stands on.
    static let origin = [UInt8](repeating: 0, count: 32)

    func seal(after previous: [UInt8], _ line: String) -> [UInt8] {
        hmacSHA256(key: key, previous + Array(line.utf8))
    }

    /// An entry's text, made by the server from the row's columns: UTC to the microsecond whatever the session's zone is.
    static func line(numbered number: SQL) -> SQL {
        """
        json_build_object('seq', \(fragment: number),
            'at', to_char(a.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'actor', a.actor,
            'by', a.by_process, 'action', a.action, 'subjectKind', a.subject_kind, 'subject', a.subject,
            'detail', a.detail)::text
        """
    }
}

extension Connection {
    /// Seals what has been added, in the order of adding, up to `most` entries in one transaction. Answers how many;
    /// none where another process is at it.
    mutating func sealAudit(_ chain: AuditChain, most: Int = 1000) throws -> Int {
        try transaction { database in
            let head = try database.row("SELECT seq, mac FROM audit_head FOR UPDATE SKIP LOCKED") {
                (seq: try $0.int(0), mac: try $0.bytes(1))
            }
            guard let head else { return 0 }
            let line = AuditChain.line(numbered: "\(head.seq) + row_number() OVER (ORDER BY a.id)")
            let added = try database.rows(
                """
                SELECT a.id, \(fragment: line) FROM
                    (SELECT * FROM audit WHERE seq IS NULL ORDER BY id LIMIT \(most)) a ORDER BY a.id
                """
            ) { (id: try $0.int(0), line: try $0.text(1)) }
            guard !added.isEmpty else { return 0 }
            var macs = [head.mac]
            for entry in added { macs.append(chain.seal(after: macs[macs.count - 1], entry.line)) }
            let texts = macs.dropFirst().map(hex)
            _ = try database.pipeline([
                """
                UPDATE audit SET seq = \(head.seq) + s.n, line = s.line, mac = decode(s.mac, 'hex')
                FROM unnest(\(added.map(\.id)), \(added.map(\.line)), \(texts))
                    WITH ORDINALITY AS s (id, line, mac, n)
                WHERE audit.id = s.id
                """,
                """
                UPDATE audit_head SET seq = \(head.seq + added.count), mac = \(macs[macs.count - 1]), sealed_at = now()
                """,
            ])
            return added.count
        }
    }
}

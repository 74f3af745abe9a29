import Cryptography
import JSON
package import PostgreSQL

/// Whether the audit trail is as it was sealed.
package struct AuditVerification {
    /// The first entry that is not as it was.
    package struct Fault: Error, Equatable, CustomStringConvertible {
        package let seq: Int
        package let reason: String

        package var description: String { "Entry \(seq) is the first bad one: \(reason)." }
    }

    /// A place of the chain that was written down elsewhere: `SEQ:MAC`, as the worker's log has it.
    package struct Anchor: Sendable {
        let seq: Int
        let mac: [UInt8]

        package init?(_ text: String) {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let seq = Int(parts[0]), seq > 0, let mac = unhex(String(parts[1])),
                mac.count == 32
            else { return nil }
            (self.seq, self.mac) = (seq, mac)
        }
    }

    private let chain: AuditChain
    private var anchors: [Int: [UInt8]]
    /// The last line read said that there is another part.
    private var isPart = false
    package private(set) var seq = 0
    package private(set) var mac = AuditChain.origin

    package init(_ chain: AuditChain, anchors: [Anchor] = []) {
        self.chain = chain
        self.anchors = Dictionary(anchors.map { ($0.seq, $0.mac) }) { first, _ in first }
    }

    /// Where it has got to, as an anchor for the next time.
    package var head: String { "\(seq):\(hex(mac))" }

    /// Takes the next entry of the chain.
    mutating func take(seq number: Int, line: String, mac sealed: [UInt8], isAsSealed: Bool = true) throws(Fault) {
        guard number == seq + 1 else { throw Fault(seq: seq + 1, reason: "it is missing, entry \(number) follows") }
        guard constantTimeEquals(chain.seal(after: mac, line), sealed) else {
            throw Fault(seq: number, reason: "its seal does not fit its text and the entry before")
        }
        guard isAsSealed else { throw Fault(seq: number, reason: "its columns differ from the text that was sealed") }
        (seq, mac) = (number, sealed)
        if let anchor = anchors.removeValue(forKey: number), anchor != sealed {
            throw Fault(seq: number, reason: "its seal is not the one of the chain's head or an anchor")
        }
    }

    /// Throws where anchors stand behind the end, or the export itself says that it is not all.
    package func finish() throws(Fault) {
        if isPart {
            throw Fault(seq: seq + 1, reason: "it is missing, the export's last line says where the next part is")
        }
        guard let last = anchors.keys.max() else { return }
        throw Fault(seq: seq + 1, reason: "it is missing, the chain's head or an anchor knows entry \(last)")
    }
}

extension AuditVerification {
    private static let page = 5000

    /// Reads the whole trail, which may grow meanwhile. Throws a `Fault` for the first bad entry.
    package mutating func read(_ database: inout Connection) throws {
        let head = try Self.head(&database)
        if head.seq > 0 { anchors[head.seq] = anchors[head.seq] ?? head.mac }
        var count = 0
        repeat {
            let found = try database.rows(
                """
                SELECT a.seq, a.line, a.mac, a.line = \(fragment: AuditChain.line(numbered: "a.seq")) FROM audit a
                WHERE a.seq > \(seq) ORDER BY a.seq LIMIT \(Self.page)
                """
            ) { (seq: try $0.int(0), line: try $0.text(1), mac: try $0.bytes(2), isAsSealed: try $0.bool(3)) }
            for entry in found {
                try take(seq: entry.seq, line: entry.line, mac: entry.mac, isAsSealed: entry.isAsSealed)
            }
            count = found.count
        } while count == Self.page
        try finish()
        let last = try Self.head(&database).seq
        guard last >= seq else { throw Fault(seq: last + 1, reason: "the chain's head is entry \(last)") }
    }

    private static func head(_ database: inout Connection) throws -> (seq: Int, mac: [UInt8]) {
        let head = try database.row("SELECT seq, mac FROM audit_head") { (seq: try $0.int(0), mac: try $0.bytes(1)) }
        guard let head else { throw Fault(seq: 1, reason: "the chain has no head") }
        return head
    }

    /// Takes a line of an export (JSON Lines). Throws a `Fault`.
    package mutating func take(exported text: String) throws {
        isPart = AuditExport.isContinuation(text)
        if isPart { return }
        guard let entry = AuditExport.sealed(text) else {
            throw Fault(seq: seq + 1, reason: "a line of the export is none of the trail")
        }
        try take(seq: entry.seq, line: entry.line, mac: entry.mac)
    }
}

import Cryptography
import JSON
package import PostgreSQL

/// The trail as a file: JSON Lines, each the exact text that was sealed with its seal as a last member, or CSV.
package enum AuditExport {
    package enum Format: String, Sendable, CaseIterable {
        case jsonl, csv

        var contentType: String {
            switch self {
            case .jsonl: "application/x-ndjson; charset=utf-8"
            case .csv: "text/csv; charset=utf-8; header=present"
            }
        }

        /// What stands before the first entry.
        package var heading: String {
            self == .csv ? "seq,at,actor,by,action,subjectKind,subject,detail,mac\r\n" : ""
        }
    }

    static func line(_ sealed: String, _ mac: [UInt8], _ format: Format) -> String {
        switch format {
        case .jsonl: sealed.dropLast() + seam + hex(mac) + "\"}\n"
        case .csv: csv(sealed, mac)
        }
    }

    /// The last line of a part behind which there is more: where the next one is.
    static func continuation(_ address: String, _ format: Format) -> String {
        switch format {
        case .jsonl: String(decoding: (["next": .string(address)] as JSONValue).serialized(), as: UTF8.self) + "\n"
        case .csv: CSVWriter.line(["", "", "", "", "", "", "", "Not all: the next part is at " + address, ""])
        }
    }

    /// Whether a line of JSON Lines only says where the next part is.
    static func isContinuation(_ exported: String) -> Bool {
        let members = (try? JSONValue.parse(Array(exported.utf8)))?.members
        return members?.map(\.name) == ["next"]
    }

    private static let seam = ", \"mac\" : \""

    /// Undoes `line` for JSON Lines.
    static func sealed(_ exported: String) -> (seq: Int, line: String, mac: [UInt8])? {
        guard exported.hasSuffix("\"}"), let seam = exported.ranges(of: seam).last,
            let mac = unhex(String(exported[seam.upperBound...].dropLast(2))), mac.count == 32
        else { return nil }
        let line = exported[..<seam.lowerBound] + "}"
        guard let seq = (try? JSONValue.parse(Array(line.utf8)))?["seq"]?.integer else { return nil }
        return (seq, String(line), mac)
    }

    private static func csv(_ sealed: String, _ mac: [UInt8]) -> String {
        let entry = (try? JSONValue.parse(Array(sealed.utf8))) ?? .null
        let cells = ["seq", "at", "actor", "by", "action", "subjectKind", "subject", "detail"].map { name in
            switch entry[name] {
            case .string(let text)?: text
            case nil, .null?: ""
            case let value?: value.text
            }
        }
        return CSVWriter.line(cells + [hex(mac)])
    }

    /// All that is sealed, page by page.
    package static func write(
        _ format: Format, _ database: inout Connection, _ put: (String) throws -> Void
    ) throws {
        try put(format.heading)
        var (seq, count) = (0, 0)
        repeat {
            let lines = try database.rows(
                "SELECT seq, line, mac FROM audit WHERE seq > \(seq) ORDER BY seq LIMIT 5000"
            ) { row in
                seq = try row.int(0)
                return line(try row.text(1), try row.bytes(2), format)
            }
            count = lines.count
            try put(lines.joined())
        } while count == 5000
    }
}

/// Comma-separated values (RFC 4180) that a spreadsheet takes for text: what would begin a formula gets an apostrophe
/// (trust.md S47).
enum CSVWriter {
    static func line(_ cells: [String]) -> String { cells.map(cell).joined(separator: ",") + "\r\n" }

    static func cell(_ text: String) -> String {
        let plain = text.filter { $0 != "\0" }
        let isFormula = plain.unicodeScalars.first.map { "=+-@\t\r".unicodeScalars.contains($0) } ?? false
        let safe = (isFormula ? "'" : "") + plain
        guard isFormula || safe.unicodeScalars.contains(where: { ",\"\r\n".unicodeScalars.contains($0) }) else {
            return safe
        }
        return "\"" + safe.replacing("\"", with: "\"\"") + "\""
    }
}

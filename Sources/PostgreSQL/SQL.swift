/// A statement or a fragment of one, written as a literal. Its fixed pieces are `StaticString`s, so a string made at
/// run time can only ever become a bind.
///
/// `"\(value)"` sends the value apart from the text as `$n`; `"\(fragment: sql)"` inserts SQL;
/// `"\(fragments: list, separator: " AND ")"` inserts several; `"\(identifier: name)"` quotes a name, which belongs to
/// tools that make databases and never to a request.
///
/// An `Int` is sent as `bigint`; write `\(n)::int` where a function wants a narrower type. A `String` takes the type
/// that its place in the statement implies; write `\(s)::text` where nothing implies one.
package struct SQL: Sendable {
    var pieces: [Piece] = []
    var binds = Binds()

    enum Piece: Sendable {
        case literal(StaticString)
        case bind
        case identifier(String)
    }

    /// The text as PostgreSQL receives it, with `$1`, `$2` … in place of the values.
    package var text: String {
        var text = ""
        var number = 0
        for piece in pieces {
            switch piece {
            case .literal(let literal): text += literal.description
            case .bind:
                number += 1
                text += "$\(number)"
            case .identifier(let name):
                let parts = name.split(separator: "\"", omittingEmptySubsequences: false)
                text += "\"" + parts.joined(separator: "\"\"") + "\""
            }
        }
        return text
    }

    package static func joined(_ fragments: [SQL], separator: StaticString) -> SQL {
        "\(fragments: fragments, separator: separator)"
    }

    mutating func append(_ fragment: SQL) {
        pieces += fragment.pieces
        binds.append(fragment.binds)
    }
}

extension SQL: ExpressibleByStringInterpolation {
    package init(stringLiteral value: StaticString) {
        pieces = [.literal(value)]
    }

    package init(stringInterpolation: StringInterpolation) {
        self = stringInterpolation.sql
    }

    package struct StringInterpolation: StringInterpolationProtocol {
        var sql = SQL()

        package init(literalCapacity: Int, interpolationCount: Int) {
            sql.pieces.reserveCapacity(2 * interpolationCount + 1)
        }

        package mutating func appendLiteral(_ literal: StaticString) {
            sql.pieces.append(.literal(literal))
        }

        package mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value) {
            sql.pieces.append(.bind)
            sql.binds.append(value)
        }

        package mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) {
            sql.pieces.append(.bind)
            sql.binds.append(value)
        }

        package mutating func appendInterpolation(identifier: String) {
            sql.pieces.append(.identifier(identifier))
            if identifier.utf8.contains(0) { sql.binds.containNUL = true }
        }

        package mutating func appendInterpolation(fragment: SQL) {
            sql.append(fragment)
        }

        package mutating func appendInterpolation(fragments: [SQL], separator: StaticString) {
            for (index, fragment) in fragments.enumerated() {
                if index > 0 { appendLiteral(separator) }
                sql.append(fragment)
            }
        }
    }
}

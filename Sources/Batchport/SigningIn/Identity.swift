package import FoundationEssentials
import PostgreSQL

package enum Caller: Sendable {
    case nobody
    case identified(Identity)
}

/// A person, and by what they came: a browser's session or an API token.
package struct Identity: Sendable {
    package enum Way: Sendable, Equatable {
        case session(id: UUID, authenticatedAt: Int64)
        case token(id: UUID, scopes: Set<String>)
    }

    package enum Role: String, Sendable, CaseIterable {
        case member
        case admin
    }

    package let person: UUID
    package let name: String
    package let email: String
    package let role: Role
    package private(set) var way: Way
    /// When this session or token was last used, as the database has it; older than a minute means: write it anew.
    let seenAt: Int64?
    /// How long this session lives without a request; nil of a token.
    let idleSeconds: Int?
    /// Must come back with every form of this session (trust.md S14).
    package private(set) var formToken: String
    /// An admin who must set up a second factor before being one.
    let mustEnrol: Bool
    let hasFactor: Bool

    package var isAdmin: Bool { role == .admin }

    var isSession: Bool {
        if case .session = way { true } else { false }
    }

    func has(_ scope: TokenScope) -> Bool {
        switch way {
        case .session: true
        case .token(_, let scopes): scopes.contains(scope.rawValue)
        }
    }

    /// The same person in the same session, whose secret is another from now on.
    func renewed(_ secret: String, at milliseconds: Int64) -> Identity {
        var copy = self
        copy.formToken = FormToken.make(for: secret)
        if case .session(let id, _) = way { copy.way = .session(id: id, authenticatedAt: milliseconds) }
        return copy
    }
}

extension Connection {
    /// Who the presented secret belongs to; asks the database, which alone decides whether it is still good. The answers
    /// to the statements come in the same round trip.
    mutating func identify(_ secret: String, asking statements: [SQL]) throws -> (Identity?, [QueryResult]) {
        identity = secret
        let answers = try pipeline([Identity.query] + statements)
        let found = try answers.first?.row { try Identity($0, secret: secret) }.flatMap(\.self)
        return (found, Array(answers.dropFirst()))
    }
}

extension Identity {
    fileprivate static let query: SQL = """
        SELECT person, name, email, role, session, token, scopes, authenticated_at, seen_at, must_enrol, has_factor,
            idle_seconds
        FROM current_identity()
        """

    /// By position, as every request reads one.
    fileprivate init?(_ row: borrowing Row, secret: String) throws {
        guard let person = try row.uuidOptional(0) else { return nil }
        let way: Identity.Way
        if let session = try row.uuidOptional(4) {
            way = .session(id: session, authenticatedAt: try row.milliseconds(7))
        } else {
            way = .token(id: try row.uuid(5), scopes: Set(try row.value(6, as: [String].self)))
        }
        self.init(
            person: person, name: try row.text(1), email: try row.text(2),
            role: Identity.Role(rawValue: try row.text(3)) ?? .member, way: way,
            seenAt: try row.millisecondsOptional(8), idleSeconds: try row.intOptional(11),
            formToken: FormToken.make(for: secret), mustEnrol: try row.bool(9), hasFactor: try row.bool(10))
    }
}

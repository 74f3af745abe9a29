import Cryptography
package import FoundationEssentials
import JSON
package import PostgreSQL

extension Administration {
    /// A person with a first password.
    package struct NewPerson {
        package enum Role: String, Sendable, CaseIterable {
            case member, admin
        }

        package var email: String
        package var name: String
        package var role: Role
        package var password: String

        package init(email: String, name: String, role: Role, password: String) {
            self.email = email
            self.name = name
            self.role = role
            self.password = password
        }
    }

    package static func add(
        _ person: NewPerson, pepper: [UInt8], known: KnownPasswords, in database: inout Connection
    ) throws -> UUID {
        let problems = PersonRules.problems(email: person.email, name: person.name)
        guard problems.isEmpty else { throw Refusal(problems) }
        if let objection = Password.objection(person.password, about: [person.email, person.name], known: known) {
            throw Refusal(objection)
        }
        let stored = try Password.store(person.password, pepper: pepper)
        return try unlessTaken("The e-mail address \(person.email) is taken.") {
            try database.transaction { database in
                let id = UUID()
                try database.execute(
                    """
                    INSERT INTO people (id, email, name, role, password)
                    VALUES (\(id), \(person.email), \(person.name), \(person.role.rawValue), \(stored))
                    """)
                try database.execute(
                    Audit.entry(
                        by: nil, "person.added", on: "person", id, detail: ["role": .string(person.role.rawValue)],
                        from: .admin))
                return id
            }
        }
    }

    /// A code for `/first-admin`, good for an hour and once. 100 bits, in groups of five; i, l, o and 1, 0 are not used.
    package static func firstAdminCode(in database: inout Connection) throws -> String {
        let letters = Array("abcdefghjkmnpqrstuvwxyz23456789".utf8)
        var symbols: [UInt8] = []
        while symbols.count < 20 {
            // A byte above the last whole multiple would favour some letters.
            symbols += randomBytes(20).filter { $0 < 248 }.map { letters[Int($0) % letters.count] }
        }
        let text = String(decoding: symbols.prefix(20), as: UTF8.self)
        let groups = stride(from: 0, to: 20, by: 5).map { text.dropFirst($0).prefix(5) }
        let code = groups.joined(separator: "-")
        try database.transaction { database in
            let hasAdmin = try database.row("SELECT EXISTS (SELECT FROM people WHERE role = 'admin') AS found") {
                try $0.bool("found")
            }
            if hasAdmin == true { throw Refusal("There is an admin already.") }
            try database.execute("INSERT INTO first_admin_codes (code_hash) VALUES (\(FirstAdmin.hash(of: code)))")
            try database.execute(Audit.entry(by: nil, "firstAdminCode.made", on: "site", nil, from: .admin))
        }
        return code
    }

    /// What a token with these scopes could not do in this person's hands; nothing where each is of use.
    package static func warning(
        scopes: [String], for email: String, in database: inout Connection
    ) throws -> String? {
        guard scopes.contains(TokenScope.admin.rawValue) else { return nil }
        let id = try person(email, in: &database)
        let isAdmin = try database.row("SELECT role = 'admin' FROM people WHERE id = \(id)") { try $0.bool(0) }
        return isAdmin == true
            ? nil : "\(email) is no admin: the scope admin is of use only once they are."
    }

    /// A token of that person; its secret is the answer and is kept nowhere.
    package static func addToken(
        name: String, scopes: [String], days: Int?, for email: String, in database: inout Connection
    ) throws -> String {
        var problems = TextRules.problems("/name", "The name", name, longest: 128)
        let known = TokenScope.allCases.map(\.rawValue)
        if scopes.isEmpty || !Set(scopes).isSubset(of: known) {
            problems.append(.init("/scopes", "unknown", "Scopes are some of " + known.joined(separator: ", ") + "."))
        }
        guard problems.isEmpty else { throw Refusal(problems) }
        let person = try person(email, in: &database)
        let secret = TokenSecret.fresh()
        let wanted = known.filter(scopes.contains)
        try unlessFull(&database) { database in
            try database.transaction { database in
                let id = UUID()
                try database.execute(
                    """
                    INSERT INTO tokens (id, token_hash, person, name, hint, scopes, expires_at)
                    VALUES (\(id), \(SessionCookie.hash(secret)), \(person), \(name), \(String(secret.suffix(4))), \(wanted),
                        now() + make_interval(days => coalesce(\(days)::int, site_limit('token.days')::int)))
                    """)
                try database.execute(
                    Audit.entry(
                        by: nil, "token.made", on: "token", id,
                        detail: ["of": .string(person.lower), "scopes": .string(wanted.joined(separator: " "))],
                        from: .admin))
            }
        }
        return secret
    }
}

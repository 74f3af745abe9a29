import Cryptography
import FoundationEssentials
import JSON
package import PostgreSQL

/// A link that is good once (trust.md S5, S7): it invites somebody, or lets one in again who has lost password or second
/// factor. The database has only the hash of its code.
struct OneTimeLink {
    enum Kind: String { case invitation, recovery }

    /// 192 bits.
    let code = base64URL(randomBytes(24))
    let id = UUID()

    static func path(_ code: String) -> String { "/welcome/" + code }

    static func hash(_ code: String) -> [UInt8] { sha256(Array("one-time link \(code)".utf8)) }

    /// Replaces the invitation to the same address, if there is one.
    func invitation(_ guest: Guest, by admin: UUID) -> [SQL] {
        [
            """
            UPDATE one_time_links SET withdrawn_at = now()
            WHERE kind = 'invitation' AND lower(email) = lower(\(guest.email)) AND used_at IS NULL AND withdrawn_at IS NULL
            """,
            """
            INSERT INTO one_time_links (id, code_hash, kind, email, name, role, teams, made_by, expires_at)
            VALUES (\(id), \(Self.hash(code)), 'invitation', \(guest.email), \(guest.name), \(guest.role), \(guest.teams),
                \(admin), now() + make_interval(hours => site_limit('invitation.hours')::int))
            """,
            Audit.entry(
                by: admin, "person.invited", on: "link", id,
                detail: ["email": .string(guest.email), "role": .string(guest.role)]),
        ]
    }

    /// - Parameter admin: nil from the command line.
    func recovery(of person: UUID, by admin: UUID?) -> [SQL] {
        [
            """
            UPDATE one_time_links SET withdrawn_at = now()
            WHERE kind = 'recovery' AND person = \(person) AND used_at IS NULL AND withdrawn_at IS NULL
            """,
            """
            INSERT INTO one_time_links (id, code_hash, kind, person, made_by, expires_at)
            VALUES (\(id), \(Self.hash(code)), 'recovery', \(person), \(admin),
                now() + make_interval(hours => site_limit('recovery.hours')::int))
            """,
            Audit.entry(
                by: admin, "recovery.made", on: "person", person, from: admin == nil ? .admin : .web),
        ]
    }

    /// Who is invited, and as what.
    struct Guest {
        var email = ""
        var name = ""
        var role = "member"
        var teams: [UUID] = []
    }
}

extension Administration {
    /// For a person who has lost password or second factor: the path of a link that gives a new password and takes the
    /// second factor.
    package static func recover(_ email: String, in database: inout Connection) throws -> String {
        let person = try person(email, in: &database)
        let link = OneTimeLink()
        try database.transaction { database in _ = try database.pipeline(link.recovery(of: person, by: nil)) }
        return OneTimeLink.path(link.code)
    }
}

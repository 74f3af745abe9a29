package import FoundationEssentials
import JSON
package import PostgreSQL

extension Administration {
    package static func externalID(
        of email: String, account: String, in database: inout Connection
    ) throws -> String {
        guard BatchARN.isAccount(account) else { throw Refusal("An AWS account is a number of 12 digits.") }
        let owner = try person(email, in: &database)
        let value = try database.row("SELECT make_external_id(\(owner), \(account))") { try $0.text(0) }
        guard let value else { throw Refusal("It could not be made.") }
        return value
    }

    package static func add(
        _ entry: RoleEntry, for email: String, in database: inout Connection
    ) throws -> UUID {
        let owner = try person(email, in: &database)
        let problems = try entry.problems(owner: owner, in: &database)
        guard problems.isEmpty else { throw Refusal(problems) }
        return try unlessFull(&database) { database in
            try unlessTaken("\(email) has a credential of the name \(entry.name) already.") {
                try entry.store(owner: owner, in: &database, from: .admin)
            }
        }
    }
}

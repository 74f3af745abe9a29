import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import Tasks

/// A role as typed into the form. It has no secret: what lets the portal in is the role's own trust policy.
package struct RoleEntry {
    package var name = ""
    package var roleARN = ""
    package var region = ""
    package var isDefault = false
    /// On the way through the pages that set up AWS, which it goes back to.
    var isFromSetUp = false
    static let setUp = "set-up"

    package init() {}

    init(_ form: Form) throws {
        name = try form.one("name") ?? ""
        roleARN = (try form.one("role_arn") ?? "").filter { !$0.isWhitespace }
        region = (try form.one("region") ?? "").filter { !$0.isWhitespace }
        isDefault = try form.one("is_default") == "yes"
        isFromSetUp = try form.one("from") == Self.setUp
    }

    func problems(owner: UUID, in database: inout Connection) throws -> [Failure.Problem] {
        var problems = TextRules.problems("/name", "The name", name, longest: 128)
        let isRegion = RegionName.isWellFormed(region)
        if !isRegion {
            problems.append(.init("/region", "malformed", "The region must be a name such as eu-central-1."))
        }
        let role: RoleARN
        do {
            role = try RoleARN(roleARN)
        } catch {
            return problems + [.init("/role_arn", "malformed", error.sentence)]
        }
        if isRegion, let fault = role.fault(in: region) {
            problems.append(.init("/role_arn", "disagrees", fault))
        }
        let hasExternalID = try database.row(
            "SELECT true FROM external_ids WHERE owner = \(owner) AND account = \(role.account)"
        ) { try $0.bool(0) }
        if hasExternalID != true {
            problems.append(
                .init(
                    "/role_arn", "otherAccount",
                    """
                    No ExternalId of yours has been made for the account \(role.account): have one made first, and put it \
                    into the role's trust policy.
                    """))
        }
        return problems
    }

    /// With the task that proves it, in one transaction. `credentials_name` is unique.
    func store(
        owner: UUID, in database: inout Connection, from program: Audit.Program = .web
    ) throws -> UUID {
        let id = UUID()
        try database.transaction { database in
            try database.execute(
                """
                INSERT INTO credentials (id, owner, name, kind, role_arn, region, is_default, version)
                VALUES (\(id), \(owner), \(name), 'role', \(roleARN), \(region), \(isDefault), 1)
                """)
            try database.note(newCredential: id, of: owner, from: program)
        }
        return id
    }
}

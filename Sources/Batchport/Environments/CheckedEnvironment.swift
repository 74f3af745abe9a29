import FoundationEssentials
import PostgreSQL

/// An entry without a fault, and what it names as the database has it.
struct CheckedEnvironment {
    let entry: EnvironmentEntry
    let definition: BatchARN
    /// Nil for everyone.
    let grants: [EnvironmentGrant.Target: EnvironmentGrant.Sees]
    let variables: [String: BatchEnvironment.Variable]
    /// Values to seal, by name.
    let secrets: [(name: String, value: String)]

    /// What the last check saw was another definition, queue, bucket or identity.
    func isElsewhere(than current: BatchEnvironment) -> Bool {
        entry.jobDefinition != current.jobDefinition || entry.jobQueue != current.jobQueue
            || entry.ioBucket != current.ioBucket || entry.prefix != current.prefix || entry.signer != current.signer
    }
}

extension EnvironmentWriting {
    /// In the caller's transaction. Throws every fault at once, as 422.
    func check(
        _ entry: EnvironmentEntry, replacing current: BatchEnvironment?, in database: inout Connection
    ) throws -> CheckedEnvironment {
        let rules = EnvironmentRules(entry, endpoints: endpoints)
        var problems = entry.faults + rules.problems
        let account = rules.definition?.account
        if case .credential(let id) = entry.signer, entry.signer != current?.signer {
            problems += try database.problems(with: id, "/serviceObject", account: account, by: person)
        }
        if let id = entry.custodian, id != current?.custodian {
            problems += try database.problems(with: id, "/custodian", account: account, by: person)
        }
        let grants = try self.grants(entry.grants, &problems, &database)
        let (variables, secrets) = Self.variables(entry, current, &problems)
        guard problems.isEmpty, let definition = rules.definition else { throw Failure.unfit(problems) }
        if person != nil, !secrets.isEmpty { try database.requireOpenVault() }
        return CheckedEnvironment(
            entry: entry, definition: definition, grants: grants, variables: variables, secrets: secrets)
    }

    /// The last word on each.
    private func grants(
        _ grants: [EnvironmentEntry.Grant], _ problems: inout [Failure.Problem], _ database: inout Connection
    ) throws -> [EnvironmentGrant.Target: EnvironmentGrant.Sees] {
        var found: [EnvironmentGrant.Target: EnvironmentGrant.Sees] = [:]
        func add(_ target: EnvironmentGrant.Target, _ grant: EnvironmentEntry.Grant, _ name: String) {
            if found.updateValue(grant.sees, forKey: target) == nil { return }
            problems.append(
                .init("/grants", "duplicate", "There are two grants to \(name.prefix(100)): one must go."))
        }
        for grant in grants {
            switch grant.who {
            case .everyone: add(.everyone, grant, "everyone")
            case .person(let text):
                if let id = try database.personToGrant(text) { add(.person(id), grant, text); continue }
                problems.append(
                    .init("/grants", "unknown", "There is nobody here with the address \(text.prefix(100))."))
            case .team(let text):
                if let id = try database.teamToGrant(text) { add(.team(id), grant, text); continue }
                problems.append(.init("/grants", "unknown", "There is no team of the name \(text.prefix(100))."))
            }
        }
        return found
    }

    /// A sealed variable's version counts how often its value was set.
    private static func variables(
        _ entry: EnvironmentEntry, _ current: BatchEnvironment?, _ problems: inout [Failure.Problem]
    ) -> ([String: BatchEnvironment.Variable], [(name: String, value: String)]) {
        var secrets: [(name: String, value: String)] = []
        var variables: [String: BatchEnvironment.Variable] = [:]
        for (name, variable) in entry.variables.sorted(by: { $0.key < $1.key }) {
            let stored: Int? =
                if case .sealed(let version)? = current?.variables[name] { version } else { nil }
            switch variable {
            case .plain(let text): variables[name] = .plain(text)
            case .sealed(let value?):
                variables[name] = .sealed(version: (stored ?? 0) + 1)
                secrets.append((name, value))
            case .sealed(nil):
                if let stored { variables[name] = .sealed(version: stored) }
                if stored == nil {
                    problems.append(
                        .init("/variables", "missing", "The sealed variable \(name.prefix(64)) has no value yet."))
                }
            }
        }
        return (variables, secrets)
    }
}

extension Connection {
    /// From a page or the API, only one's own can be named, and by an admin: nobody shares another's identity, and what
    /// signs for others is an admin's. From the command line an operator names anybody's.
    fileprivate mutating func problems(
        with credential: UUID, _ pointer: String, account: String?, by person: UUID?
    ) throws -> [Failure.Problem] {
        let found = try row(
            """
            SELECT coalesce(account, nullif(split_part(role_arn, ':', 5), '')) AS account FROM credentials
            WHERE id = \(credential) AND deleted_at IS NULL AND job IS NULL
            """
        ) {
            (account: try $0.textOptional("account"), ())
        }
        guard let found else {
            return [.init(pointer, "unknown", "You have no such credential; only your own can be shared.")]
        }
        if person != nil, try row("SELECT is_admin()", { try $0.bool(0) }) != true {
            return [
                .init(
                    pointer, "notAnAdmins",
                    "What signs for others must be an admin's credential: ask an admin to name one of theirs.")
            ]
        }
        guard let own = found.account, let account, own != account else { return [] }
        return [
            .init(pointer, "disagrees", "The credential is of account \(own), the job definition of \(account).")
        ]
    }

    fileprivate mutating func personToGrant(_ text: String) throws -> UUID? {
        if text.utf8.contains(0) { return nil }
        return try row("SELECT person_to_grant(\(text))") { try $0.uuidOptional(0) }.flatMap(\.self)
    }

    fileprivate mutating func teamToGrant(_ text: String) throws -> UUID? {
        if text.utf8.contains(0) { return nil }
        return try row("SELECT team_to_grant(\(text))") { try $0.uuidOptional(0) }.flatMap(\.self)
    }
}

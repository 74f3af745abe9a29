package import FoundationEssentials
import JSON
package import PostgreSQL
import Tasks
package import Vault

/// An environment's way into the database: checked, then written with its version, its trail and the task that looks at
/// it at AWS, in one transaction. Pages, API, import and the command line all come through here.
package struct EnvironmentWriting {
    /// Nil from the command line.
    let person: UUID?
    /// Nil where nothing can be sealed.
    let vaultKey: VaultPublicKey?
    /// Regions that have endpoints in the settings file; nil takes any well-formed region.
    let endpoints: Set<String>?

    package init(person: UUID?, vaultKey: VaultPublicKey?, endpoints: Set<String>?) {
        self.person = person
        self.vaultKey = vaultKey
        self.endpoints = endpoints
    }

    /// Throws every fault at once, as 422.
    package func create(_ entry: EnvironmentEntry, in database: inout Connection) throws -> UUID {
        let id = UUID()
        try unlessTaken {
            try database.transaction { database in
                let checked = try check(entry, replacing: nil, in: &database)
                let row = EnvironmentRow(checked, by: person)
                try database.execute(
                    """
                    INSERT INTO environments (id, \(fragment: EnvironmentRow.columns))
                    VALUES (\(id), \(fragment: row.values))
                    """)
                try finish(id, checked, "environment.added", since: nil, &database)
            }
        }
        return id
    }

    /// Writes the next version, unless nothing is different.
    /// - Parameter version: the one that was seen; another one now is `Failure.changedMeanwhile`.
    package func change(
        _ id: UUID, seen version: Int?, in database: inout Connection,
        _ edit: (inout EnvironmentEntry) throws -> Void
    ) throws {
        try unlessTaken {
            try database.transaction { database in
                guard let current = try database.lockEnvironment(id) else { throw Failure.notFound }
                if let version, version != current.version { throw Failure.changedMeanwhile }
                let grants = try database.grants(of: [id])[id] ?? []
                let before = EnvironmentEntry(current, grants: grants)
                var entry = before
                try edit(&entry)
                let checked = try check(entry, replacing: current, in: &database)
                if entry.isEqual(to: before),
                    checked.grants == Dictionary(uniqueKeysWithValues: grants.map { ($0.to, $0.sees) })
                {
                    return
                }
                let row = EnvironmentRow(checked, by: person)
                try database.execute(
                    """
                    UPDATE environments SET (\(fragment: EnvironmentRow.columns)) = ROW (\(fragment: row.values)),
                        version = version + 1, changed_at = now()
                    WHERE id = \(id)
                    """)
                if checked.isElsewhere(than: current) { try database.forgetHealth(of: id) }
                try finish(id, checked, "environment.changed", since: current.document(grants: grants), &database)
            }
        }
    }

    /// Refused while a job there is not settled.
    func delete(_ id: UUID, seen version: Int?, in database: inout Connection) throws {
        try database.transaction { database in
            let answer = try database.row("SELECT delete_environment(\(id), \(version)::int) AS answer") {
                try $0.text("answer")
            }
            switch answer {
            case "deleted":
                try database.execute(Audit.entry(by: person, "environment.deleted", on: "environment", id))
            case "busy":
                throw Failure.conflict(
                    "Jobs in this environment are not settled yet. Abort them or wait; disable it so that no more come."
                )
            case "changed": throw Failure.changedMeanwhile
            default: throw Failure.notFound
            }
        }
    }

    private func finish(
        _ id: UUID, _ checked: CheckedEnvironment, _ action: String, since before: JSONValue?,
        _ database: inout Connection
    ) throws {
        try storeSecrets(checked, of: id, &database)
        try database.execute("DELETE FROM environment_grants WHERE environment = \(id)")
        _ = try database.pipeline(
            checked.grants.map { to, sees in
                """
                INSERT INTO environment_grants (environment, person, team, sees)
                VALUES (\(id), \(to.person), \(to.team), \(sees.rawValue))
                """
            })
        let written = try note(id, action, since: before, &database)
        // Where nobody's identity could sign, it stays unchecked until somebody with a credential asks for it.
        if person == nil, written.credential ?? written.custodian == nil { return }
        var arguments: [JSONValue.Member] = [.init("environment", .string(id.lower))]
        if let person { arguments.append(.init("person", .string(person.lower))) }
        try database.enqueue(EnvironmentCheck.kind.name, .object(arguments), for: id)
    }

    /// The version that stands now, in the history and in the trail.
    private func note(
        _ id: UUID, _ action: String, since before: JSONValue?, _ database: inout Connection
    ) throws -> BatchEnvironment {
        guard let written = try database.environment(id) else { throw Failure.notFound }
        let document = written.document(grants: try database.grants(of: [id])[id] ?? [])
        let changes = before.map { EnvironmentHistory.changes(from: $0, to: document).map(\.name) } ?? []
        _ = try database.pipeline([
            """
            INSERT INTO environment_versions (environment, version, by, document)
            VALUES (\(id), \(written.version)::int, \(person), \(JSONText(document.serialized())))
            """,
            Audit.entry(
                by: person, action, on: "environment", id,
                detail: [
                    "name": .string(written.name), "version": JSONValue(written.version), "changes": JSONValue(changes),
                ], from: person == nil ? .admin : .web),
        ])
        return written
    }

    /// A team's grants go with it; each environment gets a version without. In the caller's transaction.
    func dropGrants(ofTeam team: UUID, in database: inout Connection) throws {
        let ids = try database.rows(
            "SELECT environment FROM environment_grants WHERE team = \(team) ORDER BY environment"
        ) { try $0.uuid(0) }
        for id in ids {
            guard let current = try database.lockEnvironment(id) else { continue }
            let before = current.document(grants: try database.grants(of: [id])[id] ?? [])
            _ = try database.pipeline([
                "DELETE FROM environment_grants WHERE environment = \(id) AND team = \(team)",
                """
                UPDATE environments SET version = version + 1, changed_at = now(), changed_by = \(person) WHERE id = \(id)
                """,
            ])
            _ = try note(id, "environment.changed", since: before, &database)
        }
    }

    /// The values of sealed variables that were typed now; those that are no more go.
    private func storeSecrets(_ checked: CheckedEnvironment, of id: UUID, _ database: inout Connection) throws {
        let kept = checked.variables.compactMap { name, variable in
            if case .sealed = variable { name } else { nil }
        }
        try database.execute("DELETE FROM environment_secrets WHERE environment = \(id) AND name <> ALL(\(kept))")
        for (name, value) in checked.secrets {
            guard let vaultKey, case .sealed(let version)? = checked.variables[name] else { throw Failure.vaultSealed }
            let row =
                try database.row(
                    "SELECT id FROM environment_secrets WHERE environment = \(id) AND name = \(name)"
                ) { try $0.uuid("id") } ?? UUID()
            let context = EnvironmentSecret.context(row, environment: id, name: name, version: version)
            let ingress = try vaultKey.seal(Array(value.utf8), context: context)
            try database.execute(
                """
                INSERT INTO environment_secrets (id, environment, name, version, ingress)
                VALUES (\(row), \(id), \(name), \(version)::int, \(ingress))
                ON CONFLICT (environment, name)
                DO UPDATE SET version = \(version)::int, ingress = \(ingress), sealed = NULL
                """)
        }
    }

    private func unlessTaken(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as PostgresError where error.constraint == "environments_name" {
            throw Failure.unfit([.init("/name", "taken", "There is an environment of this name already.")])
        }
    }
}

extension Failure {
    static let changedMeanwhile = Failure(
        status: 412, type: "changed", title: "Changed meanwhile",
        detail: "Somebody changed it since you read it. Read it again, and change that.")
}

extension Connection {
    /// For the caller's transaction: nobody else changes or deletes it, and no job comes in meanwhile.
    fileprivate mutating func lockEnvironment(_ id: UUID) throws -> BatchEnvironment? {
        try row(
            """
            SELECT \(fragment: BatchEnvironment.columns) FROM environments
            WHERE id = \(id) AND deleted_at IS NULL FOR UPDATE
            """
        ) { try BatchEnvironment($0) }
    }

    /// What was seen of another place says nothing about this one.
    fileprivate mutating func forgetHealth(of id: UUID) throws {
        try execute(
            """
            UPDATE environments SET checked_at = NULL, findings = NULL, healthy = NULL, definition = NULL,
                definition_arn = NULL WHERE id = \(id)
            """)
    }
}

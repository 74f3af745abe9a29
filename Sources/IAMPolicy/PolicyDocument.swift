package import JSON

/// An IAM policy, read and checked: a value that decides nothing by itself (see `AccessRules`).
///
/// Source: IAM's "JSON policy element reference" and "grammar of the JSON policy language".
package struct PolicyDocument: Sendable, Equatable {
    /// What a policy is attached to, and therefore what may stand in it.
    package enum Kind: Sendable {
        /// Of a user, a role or a session: names resources and no principals.
        case identity
        /// Of a bucket: names both.
        case resource
        /// Of a role: names principals and no resources.
        case trust
    }

    let statements: [PolicyStatement]

    /// - Throws: `PolicyProblem` for the first thing that does not fit the grammar.
    package init(_ json: JSONValue, as kind: Kind) throws(PolicyProblem) {
        let reader = try PolicyReader(json, knowing: ["Version", "Id", "Statement"], in: "the policy")
        let version = try reader.text("Version") ?? "2008-10-17"
        guard ["2008-10-17", "2012-10-17"].contains(version) else {
            throw PolicyProblem("Version must be 2012-10-17 or 2008-10-17.")
        }
        _ = try reader.text("Id")
        guard let value = reader.value("Statement") else { throw PolicyProblem("Statement is missing.") }
        let items = value.array ?? [value]
        guard !items.isEmpty else { throw PolicyProblem("Statement is empty.") }
        var statements: [PolicyStatement] = []
        var names: Set<String> = []
        for item in items {
            let statement = try PolicyStatement(item, as: kind, hasVariables: version == "2012-10-17")
            if let name = statement.name, !names.insert(name).inserted {
                throw PolicyProblem("Two statements have the Sid \(name).")
            }
            statements.append(statement)
        }
        self.statements = statements
    }

    /// Of a document's text.
    package init(_ bytes: [UInt8], as kind: Kind) throws(PolicyProblem) {
        let json: JSONValue
        do {
            json = try JSONValue.parse(bytes)
        } catch {
            throw PolicyProblem("The policy is not in the valid JSON format.")
        }
        try self.init(json, as: kind)
    }

    func statements(_ effect: PolicyStatement.Effect, for request: AccessRequest) -> [PolicyStatement] {
        statements.filter { $0.effect == effect && $0.applies(to: request) }
    }
}

/// Why a document is no policy, in a sentence.
package struct PolicyProblem: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

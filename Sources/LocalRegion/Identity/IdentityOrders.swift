import Cryptography
import IAMPolicy
import JSON
package import PostgreSQL

/// Users, roles, policies and buckets' policies, as a script describes them:
/// `{"users": [{"name": "reader", "policies": {"read": {…}}}], "roles": [{"name": "r", "trust": {…}, "policies": {…},
/// "maxSessionSeconds": 3600}], "policies": {"narrow": {…}}, "buckets": [{"name": "b", "policy": {…}}]}`.
/// Each replaces all that stood for the one of its name; a policy of `null` is none.
package struct IdentityOrders {
    private var statements: [SQL] = []
    private var users: [String] = []
    private var problems: [JSONProblem] = []

    package init(_ script: [UInt8]) throws(Orders.Mistakes) {
        let document: JSONValue
        do { document = try JSONValue.parse(script) } catch {
            throw Orders.Mistakes(description: "The script is not JSON: \(error)")
        }
        var reader = ObjectReader(document)
        each("users", &reader) { $0.user(&$1) }
        each("roles", &reader) { $0.role(&$1) }
        each("buckets", &reader) { $0.bucket(&$1) }
        if let policies = reader.value("policies") { hold("account", policies, at: "/policies") }
        problems = reader.finish() + problems
        guard problems.isEmpty else {
            let sentences = problems.map { "\($0.pointer): \($0.message)" }
            throw Orders.Mistakes(description: sentences.joined(separator: "\n"))
        }
    }

    /// All or nothing. Answers a line of JSON for each user, with a key, which is made for those that have none.
    package func give(_ database: inout Connection) throws -> [String] {
        try database.transaction { database in
            _ = try database.pipeline(statements)
            var keys: [String] = []
            for user in users { keys.append(try Self.key(user, &database).text) }
            return keys
        }
    }

    private static func key(_ user: String, _ database: inout Connection) throws -> JSONValue {
        let found = try database.row(
            """
            WITH made AS (
                INSERT INTO access_keys (id, secret, principal)
                SELECT \(FirstStart.newKeyID("AKIA")), \(base64(randomBytes(30))), \(user)
                WHERE NOT EXISTS (SELECT FROM access_keys WHERE principal = \(user)) RETURNING id, secret)
            SELECT id, secret FROM made UNION ALL
            (SELECT id, secret FROM access_keys WHERE principal = \(user) ORDER BY created_at LIMIT 1)
            """
        ) { row in (id: try row.text(0), secret: try row.text(1)) }
        return [
            "name": .string(user), "accessKeyId": .string(found?.id ?? ""),
            "secretAccessKey": .string(found?.secret ?? ""),
        ]
    }

    private mutating func each(
        _ name: String, _ reader: inout ObjectReader, _ read: (inout IdentityOrders, inout ObjectReader) -> Void
    ) {
        for (index, item) in (reader.array(name) ?? []).enumerated() {
            var inner = ObjectReader(item, at: "/\(name)/\(index)")
            read(&self, &inner)
            problems += inner.finish()
        }
    }

    private mutating func user(_ reader: inout ObjectReader) {
        let name = name(&reader)
        users.append(name)
        statements.append("INSERT INTO users (name) VALUES (\(name)) ON CONFLICT DO NOTHING")
        hold("user/\(name)", reader.value("policies") ?? [:], at: reader.pointer(to: "policies"))
    }

    private mutating func role(_ reader: inout ObjectReader) {
        let name = name(&reader)
        let trust = document(reader.value("trust") ?? .null, .trust, at: reader.pointer(to: "trust"))
        let seconds = reader.integer("maxSessionSeconds") ?? 3600
        if !(3600...43200).contains(seconds) { reader.refuse("range", "maxSessionSeconds must be 3600 to 43200.") }
        statements.append(
            """
            INSERT INTO roles (name, trust, max_session_seconds) VALUES (\(name), \(trust), \(seconds)::int)
            ON CONFLICT (name) DO UPDATE SET (trust, max_session_seconds) = (excluded.trust, excluded.max_session_seconds)
            """)
        hold("role/\(name)", reader.value("policies") ?? [:], at: reader.pointer(to: "policies"))
    }

    private mutating func bucket(_ reader: inout ObjectReader) {
        let name = reader.string("name") ?? ""
        let policy = reader.value("policy").map { document($0, .resource, at: reader.pointer(to: "policy")) }
        statements.append(
            """
            INSERT INTO buckets (name, policy) VALUES (\(name), \(policy))
            ON CONFLICT (name) DO UPDATE SET policy = excluded.policy
            """)
    }

    private mutating func hold(_ holder: String, _ policies: JSONValue, at pointer: String) {
        statements.append("DELETE FROM identity_policies WHERE holder = \(holder)")
        for member in policies.members ?? [] {
            let text = document(member.value, .identity, at: "\(pointer)/\(member.name)")
            statements.append(
                "INSERT INTO identity_policies (holder, name, document) VALUES (\(holder), \(member.name), \(text))")
        }
    }

    private mutating func document(_ json: JSONValue, _ kind: PolicyDocument.Kind, at pointer: String) -> JSONText {
        do {
            _ = try PolicyDocument(json, as: kind)
        } catch {
            problems.append(JSONProblem(pointer: pointer, code: "policy", message: error.description))
        }
        return JSONText(json.serialized())
    }

    private func name(_ reader: inout ObjectReader) -> String {
        let name = reader.string("name") ?? ""
        if !(1...64).contains(name.utf8.count) || !name.isMadeOfWords(and: "+=,.@-") {
            reader.refuse("name", "name must be 1 to 64 letters, digits and _+=,.@-.")
        }
        return name
    }
}

import Cryptography
import FoundationEssentials
import JSON
import PostgreSQL
import Processes

/// What every start makes sure of: the schema, the state folder, two users, the bucket, and what the services need.
package enum FirstStart {
    static let bucket = "batchport-local"

    package static func prepare(_ server: LocalServer) throws {
        var database = try Connection(server.database)
        try Migrations.requireVersion(series: "local", in: LocalServer.schema, connection: &database)
        let files = ObjectFiles(state: server.state)
        try files.prepare()
        // One process at a time: the others find it done.
        try database.execute("SELECT pg_advisory_lock(hashtextextended('batchport.local.start', 0))")
        let users = try writeUsers(server.state + "/users.json", &database)
        try FirstIdentities.prepare(users, account: server.account, region: server.region, &database)
        // The others say themselves that they have ended, if somebody still asks with them.
        try database.execute("DELETE FROM access_keys WHERE expires_at < now() - interval '7 days'")
        try database.execute("INSERT INTO buckets (name) VALUES (\(bucket)) ON CONFLICT DO NOTHING")
        try BatchService.prepare(&database)
        try files.removeOrphans { ids in
            let known = try database.rows(
                "SELECT id FROM objects WHERE id = ANY(\(ids)) UNION ALL SELECT id FROM parts WHERE id = ANY(\(ids))"
            ) { try $0.uuid(0) }
            return Set(known)
        }
    }

    /// The file is what counts: rows are made after it. Answers their names.
    private static func writeUsers(_ path: String, _ database: inout Connection) throws -> [String] {
        var names: [String] = []
        if !File.exists(path) {
            let users = JSONValue.array(["first", "second"].map(newUser))
            try File.write(users.serialized(), to: path)
        }
        for user in try JSONValue.parse(try File.read(path)).array ?? [] {
            guard let name = user["name"]?.string, let id = user["accessKeyId"]?.string,
                let secret = user["secretAccessKey"]?.string
            else { throw LocalFault(status: 500, code: "InternalError", message: "\(path) is not a list of users.") }
            names.append(name)
            try database.execute(
                """
                INSERT INTO access_keys (id, secret, principal) VALUES (\(id), \(secret), \(name))
                ON CONFLICT (id) DO UPDATE SET secret = excluded.secret, principal = excluded.principal
                """)
        }
        return names
    }

    private static func newUser(_ name: String) -> JSONValue {
        [
            "name": .string(name), "accessKeyId": .string(newKeyID("AKIA")),
            "secretAccessKey": .string(base64(randomBytes(30))),
        ]
    }

    /// `AKIA` or `ASIA` and sixteen letters and digits.
    static func newKeyID(_ kind: String) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)
        return kind + String(decoding: randomBytes(16).map { alphabet[Int($0 & 31)] }, as: UTF8.self)
    }
}

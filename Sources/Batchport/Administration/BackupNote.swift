import JSON
package import PostgreSQL

extension Administration {
    /// For the system page.
    package static func noteBackup(bytes: Int, place: String, in database: inout Connection) throws {
        try database.transaction { database in
            try database.execute("INSERT INTO backups (bytes, place) VALUES (\(bytes), \(place))")
            try database.execute(
                Audit.entry(
                    by: nil, "database.backedUp", on: "database", nil, detail: ["bytes": JSONValue(bytes)], from: .admin
                ))
        }
    }
}

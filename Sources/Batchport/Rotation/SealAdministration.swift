import JSON
package import PostgreSQL

extension Administration {
    /// - Parameter who: a name for the trail and the pages; the command line knows no people.
    package static func sealVault(reason: String, by who: String, in database: inout Connection) throws {
        try checkWords(reason, "--reason", most: 500)
        try checkWords(who, "--by", most: 200)
        try database.transaction { database in
            let isFirst = try database.execute(
                "INSERT INTO vault_seal (sealed_by, reason) VALUES (\(who), \(reason)) ON CONFLICT DO NOTHING")
            guard isFirst == 1 else {
                let seal = try database.vaultSeal()
                throw Refusal("The vault is sealed already, by \(seal?.by ?? "somebody"): \(seal?.reason ?? "")")
            }
            try database.execute(
                Audit.entry(
                    by: nil, "vault.sealed", on: "site", nil, detail: ["by": .string(who), "reason": .string(reason)],
                    from: .admin))
        }
    }

    /// Jobs that waited go on at once; tasks that were put off, within seconds.
    package static func unsealVault(by who: String, in database: inout Connection) throws {
        try checkWords(who, "--by", most: 200)
        try database.transaction { database in
            let reason = try database.row("DELETE FROM vault_seal RETURNING reason") { try $0.text(0) }
            guard let reason else { throw Refusal("The vault is not sealed.") }
            try database.execute(
                Audit.entry(
                    by: nil, "vault.unsealed", on: "site", nil,
                    detail: ["by": .string(who), "reason": .string(reason)],
                    from: .admin))
            try database.resumeUnsealedJobs()
        }
    }

    private static func checkWords(_ text: String, _ option: String, most: Int) throws {
        let scalars = text.unicodeScalars
        guard (1...most).contains(scalars.count), !text.allSatisfy(\.isWhitespace) else {
            throw Refusal("\(option) must have 1 to \(most) characters, and not spaces alone.")
        }
        guard !scalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw Refusal("\(option) must be one line, without control characters.")
        }
    }
}

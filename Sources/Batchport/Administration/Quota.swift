import PostgreSQL

/// How many of a thing one person may have: a row of `limits`, held by a trigger whose error names it.
enum Quota {
    private static let things = [
        "token.mostPerPerson": "tokens in force", "credential.mostPerPerson": "credentials",
    ]

    /// Nil where the error is another one.
    static func problem(_ error: PostgresError, in database: inout Connection) throws -> Failure.Problem? {
        guard let name = error.constraint, let thing = things[name] else { return nil }
        let most = try database.siteLimit(name, else: 0)
        return .init(
            "/name", "quota",
            "There are \(Words.count(most)) \(thing) already, the most of one person (the limit \(name)). End one first.",
            limit: most)
    }
}

extension Administration {
    /// For the command line: what was refused by a quota, as a sentence.
    static func unlessFull<Value>(_ database: inout Connection, _ body: (inout Connection) throws -> Value) throws
        -> Value
    {
        do {
            return try body(&database)
        } catch let error as PostgresError {
            guard let problem = try Quota.problem(error, in: &database) else { throw error }
            throw Refusal(problem.message)
        }
    }
}

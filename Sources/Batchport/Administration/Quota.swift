import PostgreSQL

/// How many of a thing one person may have: a row of `limits`, held by a trigger whose error names it.
enum Quota {
    private static let things: [String: (says: @Sendable (Int) -> String, remedy: String)] = [
        "token.mostPerPerson": ({ "\(Words.count($0)) tokens in force" }, "End one first."),
        "credential.mostPerPerson": ({ "\(Words.count($0)) credentials" }, "End one first."),
        "upload.mostPerPerson": (
            { "\(Words.count($0)) files that no job has taken yet" }, "Submit what they are for, or wait a day."
        ),
        "upload.mostBytesPerPerson": (
            { "\(Words.size(Int64($0))) of files on their way to the bucket" }, "Try again when they have got there."
        ),
    ]

    /// Nil where the error is another one.
    static func problem(_ error: PostgresError, in database: inout Connection) throws -> Failure.Problem? {
        guard let name = error.constraint, let thing = things[name] else { return nil }
        let most = try database.siteLimit(name, else: 0)
        return .init(
            "/name", "quota",
            "There are \(thing.says(most)) already, the most of one person (the limit \(name)). \(thing.remedy)",
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

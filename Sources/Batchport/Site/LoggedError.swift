import PostgreSQL

/// What a log line may say of an error that nobody foresaw: its type, and codes, never values.
enum LoggedError {
    static func text(_ error: any Error) -> String {
        if let error = error as? PostgresError { return "PostgresError \(error.sqlState ?? "") \(error)" }
        return String(describing: type(of: error))
    }
}

import HTTP
import JSON
import PostgreSQL

/// Why a request is not answered as asked: the one shape of every error that reaches a person or a program.
package struct Failure: Error, Sendable {
    /// One fault of one field, by JSON Pointer; a page's form ties `/name` to its field `name`.
    package struct Problem: Sendable, Equatable {
        package let pointer: String
        package let code: String
        package let message: String
        package let limit: Int?

        package init(_ pointer: String, _ code: String, _ message: String, limit: Int? = nil) {
            self.pointer = pointer
            self.code = code
            self.message = message
            self.limit = limit
        }
    }

    package let status: Int
    /// The last part of the problem type's URI, from a published list.
    package let type: String
    package let title: String
    package let detail: String
    package var problems: [Problem] = []
    package var retryAfter: Int?
    /// For 405: the methods that do exist.
    package var allow: [String] = []

    package init(
        status: Int, type: String, title: String, detail: String, problems: [Problem] = [], retryAfter: Int? = nil
    ) {
        self.status = status
        self.type = type
        self.title = title
        self.detail = detail
        self.problems = problems
        self.retryAfter = retryAfter
    }
}

extension Failure {
    static let notFound = Failure(
        status: 404, type: "not-found", title: "Not found", detail: "There is nothing here, or nothing you may see.")
    static let signInNeeded = Failure(
        status: 401, type: "sign-in", title: "Sign in", detail: "A valid session or API token is needed.")
    static let formExpired = Failure(
        status: 403, type: "form-expired", title: "Form expired",
        detail: "This form does not belong to your present session. Go back, reload the page and send it again.")
    static let adminsOnly = notFound
    static let busy = Failure(
        status: 503, type: "busy", title: "Busy", detail: "Too much at once; try again in a moment.", retryAfter: 1)
    static let databaseAway = Failure(
        status: 503, type: "database", title: "Database unavailable",
        detail: "The database cannot be reached just now. Nothing was changed; try again in a moment.", retryAfter: 2)
    static let outcomeUnknown = Failure(
        status: 503, type: "outcome-unknown", title: "Perhaps done",
        detail:
            "The database went away in the very moment of storing this, so it may have been done or not. Look before you "
            + "repeat it; with the same Idempotency-Key it is done once.", retryAfter: 2)
    static let vaultSealed = Failure(
        status: 503, type: "vault", title: "Vault unavailable",
        detail:
            "The worker has not shown lately that it can open the vault, so no credential is taken. Try again soon.",
        retryAfter: 30)
    static let workerSilent = Failure(
        status: 503, type: "worker", title: "Worker busy",
        detail: "The worker did not answer in time. Try again in a moment.", retryAfter: 2)
    static let unexpected = Failure(
        status: 500, type: "internal", title: "Something went wrong",
        detail: "The error was logged under this request's id.")

    static func missingScope(_ scope: TokenScope) -> Failure {
        Failure(
            status: 403, type: "scope", title: "Scope missing", detail: "This token lacks the scope \(scope.rawValue).")
    }

    /// Values that can be read but do not fit: every one at once.
    static func unfit(_ problems: [Problem]) -> Failure {
        Failure(
            status: 422, type: "unfit", title: "Some values do not fit",
            detail: problems.map(\.message).joined(separator: " "), problems: problems)
    }

    static func unreadable(_ detail: String, _ problems: [Problem] = []) -> Failure {
        Failure(status: 400, type: "unreadable", title: "Cannot be read", detail: detail, problems: problems)
    }

    static func conflict(_ detail: String) -> Failure {
        Failure(status: 409, type: "conflict", title: "Conflict", detail: detail)
    }

    static func tooLarge(_ detail: String) -> Failure {
        Failure(status: 413, type: "too-large", title: "Too large", detail: detail)
    }
}

extension Failure {
    /// The one table from errors to answers. What is not in it is logged and shown as 500, without a word of its own.
    static func from(_ error: any Error) -> Failure {
        switch error {
        case let failure as Failure: failure
        case let error as RequestError:
            Failure(status: error.status, type: error.code, title: "Bad request", detail: error.detail)
        case let error as BodyError:
            error == .tooLarge
                ? tooLarge("The request's body is above the limit for this address.")
                : unreadable("The request's body broke off before its end. Nothing was stored.")
        case let error as JSONError: unreadable(error.description)
        case let error as PostgresError where error.kind == .unknownCommit: outcomeUnknown
        case let error as PostgresError where error.meansUnavailable: databaseAway
        // It waited too long for what somebody else is at, or each for the other.
        case let error as PostgresError where error.sqlState == "55P03" || error.isTransient: busy
        // Where a check before did not name the field: in a text, or as an escape in a JSON document.
        case let error as PostgresError where ["22021", "22P05"].contains(error.sqlState):
            unreadable("A value holds a NUL character, which cannot be stored.")
        case let error as PostgresError where error.sqlState == "22003":
            unreadable("A number is larger than any that can be stored.")
        default: unexpected
        }
    }
}

extension PostgresError {
    /// The connection is gone, or the server stops, starts, is full or was told to cancel (SQLSTATE classes 08, 53, 57).
    var meansUnavailable: Bool {
        guard let sqlState else { return kind == .connection }
        return ["08", "53", "57"].contains(String(sqlState.prefix(2)))
    }
}

import AWS
import FoundationEssentials
import JSON
import PostgreSQL
import Tasks

/// Whose credential signs for a job that AWS has: its own, recorded at submission, for all its life; and once that is
/// gone or refused, the custodian that its environment names. Nothing else ever does (trust.md S35).
enum Signer {
    /// The credential's id, of `jobs j`.
    static let ofJob: SQL = """
        (SELECT CASE WHEN c.deleted_at IS NULL AND c.health NOT IN ('refused', 'unreadable') THEN c.id
            ELSE coalesce(e.custodian, c.id) END
        FROM credentials c, environments e WHERE c.id = j.credential AND e.id = j.environment)
        """
}

extension AWSError {
    /// For a job that AWS has: what AWS said, and who can mend it where it was about the credential.
    var sentenceWithRemedy: String {
        guard isCredentialRefused else { return sentence }
        return sentence
            + " The credential's owner can enter it anew, or an admin can name a custodian of the environment."
    }
}

extension Workbench {
    /// AWS has refused the credential itself: whether it still works is looked at, and if not, the custodian takes over.
    mutating func suspect(_ credential: UUID, after error: AWSError) throws {
        guard error.isCredentialRefused else { return }
        configuration.sessions.forget(credential)
        try suspect(credential)
    }

    mutating func suspect(_ credential: UUID) throws {
        try database.enqueue(CredentialCheck.kind.name, ["credential": .string(credential.lower)], for: credential)
    }
}

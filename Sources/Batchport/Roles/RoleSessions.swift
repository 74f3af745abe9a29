import AWS
import FoundationEssentials
import Processes
import Synchronization

/// Sessions of roles, in this worker's memory alone. Whoever asks for the same gets the same, until it is half over.
final class RoleSessions: Sendable {
    struct Key: Hashable {
        let credential: UUID
        let input: AssumeRoleInput
        let region: String
    }

    /// A task may work for a while with what it was given.
    static let leastMilliseconds: Int64 = 30 * 60_000

    private let sessions = Mutex<[Key: AWSCredentials]>([:])

    func current(_ key: Key, at now: Int64) -> AWSCredentials? {
        sessions.withLock { sessions in
            guard let session = sessions[key], let end = session.expiresAt, end - now >= Self.leastMilliseconds else {
                return nil
            }
            return session
        }
    }

    /// And lets go of those that nobody is given any more.
    func keep(_ session: AWSCredentials, for key: Key, at now: Int64) {
        sessions.withLock { sessions in
            sessions = sessions.filter { ($0.value.expiresAt ?? 0) - now >= Self.leastMilliseconds }
            sessions[key] = session
        }
    }

    /// AWS has refused one of them, or the role is another.
    func forget(_ credential: UUID) {
        sessions.withLock { sessions in sessions = sessions.filter { $0.key.credential != credential } }
    }
}

import FoundationEssentials
import JSON
import PostgreSQL

/// What would hold a job up that is submitted now, said before. It is taken all the same: mended, it goes on by itself.
struct SubmissionWarning: Equatable {
    enum Cause: String {
        case credentialDeleted, credentialExpired, credentialRefused, credentialUnreadable, credentialUnreachable
        case environmentUnhealthy, vaultSealed
    }

    let cause: Cause
    let sentence: String
    let remedy: String
    /// Who can mend it.
    let who: String

    /// Nothing would be sent: such a submission is not called valid.
    var stops: Bool {
        switch cause {
        case .credentialDeleted, .credentialExpired, .credentialRefused, .credentialUnreadable: true
        case .credentialUnreachable, .environmentUnhealthy, .vaultSealed: false
        }
    }

    var json: JSONValue {
        [
            "code": .string(cause.rawValue), "message": .string(sentence), "remedy": .string(remedy),
            "who": .string(who),
        ]
    }

    /// Of the credential that would sign.
    init?(standing state: String, isOwn: Bool) {
        let fault: (cause: Cause, what: String)? =
            switch state {
            case "deleted": (.credentialDeleted, "is gone")
            case "expired": (.credentialExpired, "has expired")
            case "refused": (.credentialRefused, "was refused when it was last checked")
            case "unreadable": (.credentialUnreadable, "cannot be opened")
            case "unreachable": (.credentialUnreachable, "could not be checked: AWS was not reached")
            default: nil
            }
        guard let fault else { return nil }
        let whose = isOwn ? "Your credential" : "The credential that this environment signs with"
        cause = fault.cause
        sentence =
            "\(whose) \(fault.what)." + (cause == .credentialUnreachable ? "" : " A job would wait, and not be sent.")
        remedy =
            switch (cause, isOwn) {
            case (.credentialUnreachable, _): "It is checked again by itself."
            case (.credentialDeleted, _): "The environment must be given another credential."
            case (_, true): "Credentials says what is wrong: replace its secret there, or make another one the default."
            case (_, false): "Its owner can replace its secret, or an admin give the environment another one."
            }
        who = isOwn && cause != .credentialDeleted ? "you" : "an admin"
    }

    /// It is nobody's fault who submits, and nothing of theirs is to be mended.
    init(_ seal: VaultSeal) {
        cause = .vaultSealed
        sentence = seal.sentence
        remedy = "A job is taken and waits; it goes on by itself once the vault is unsealed."
        who = "an operator of this installation"
    }

    /// Of what the environment's last check saw.
    init?(_ environment: BatchEnvironment) {
        let wrong = environment.findings.filter { !$0.ok }
        guard environment.isHealthy == false, !wrong.isEmpty else { return nil }
        cause = .environmentUnhealthy
        sentence = """
            The last check of this environment saw \(wrong.count == 1 ? "something" : "\(wrong.count) things") to mend: \
            \(wrong.map(\.name).joined(separator: ", ")).
            """
        remedy = "The environment's page says how."
        who = "who manages the environment"
    }
}

extension Connection {
    /// The vault, and the credential first.
    mutating func warnings(in environment: BatchEnvironment) throws -> [SubmissionWarning] {
        let signer = try row("SELECT state, is_own FROM signer_standing(\(environment.id))") {
            SubmissionWarning(standing: try $0.text(0), isOwn: try $0.bool(1))
        }
        let seal = try vaultSeal().map { SubmissionWarning($0) }
        return [seal, signer.flatMap(\.self), SubmissionWarning(environment)].compactMap(\.self)
    }
}

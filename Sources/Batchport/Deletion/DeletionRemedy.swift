import AWS

/// What helps a deletion on that does not come to its end; it goes on by itself then.
enum DeletionRemedy {
    static let permission =
        "The credential's policy must allow it to list and delete objects in the bucket; the deletion goes on by itself then."
}

extension CredentialTrouble {
    var remedyOfDeletion: String {
        let what =
            switch self {
            case .deleted: "A custodian must be named in the environment's form"
            case .sealed: "The worker must be given its root key"
            default: "The access key must be entered again under Credentials"
            }
        return (remedy ?? what + ".") + " The deletion goes on by itself then."
    }
}

extension AWSError {
    /// Nil where only waiting helps.
    var remedyOfDeletion: String? {
        if isAccessDenied { return DeletionRemedy.permission }
        return isCredentialRefused
            ? "The access key must be made valid at AWS, or entered again under Credentials; the deletion goes on by itself then."
            : nil
    }
}

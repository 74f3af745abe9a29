package import FoundationEssentials

/// An environment as asked for, before anything is checked: from a form, the API's body, a stack's outputs, or the
/// command line. What is not said stands at its default.
package struct EnvironmentEntry: Equatable {
    /// Whose identity signs (the seed's ServiceObject).
    package enum Signer: Equatable, Sendable {
        /// Each person's own default credential.
        case automatic
        /// One that is entered for each submission.
        case new
        /// A shared one, that everybody uses and nobody sees.
        case credential(UUID)
    }

    package struct Grant: Hashable, Sendable {
        package enum Who: Hashable, Sendable {
            case everyone
            /// By id or e-mail address.
            case person(String)
            /// By id or name.
            case team(String)
        }

        package var who: Who
        package var sees = EnvironmentGrant.Sees.own

        package init(_ who: Who, sees: EnvironmentGrant.Sees = .own) { (self.who, self.sees) = (who, sees) }

        package static let everyone = Grant(.everyone)
        package static func person(_ text: String) -> Grant { Grant(.person(text)) }
    }

    package enum Variable: Equatable, Sendable {
        case plain(String)
        /// Without a value, the one that is stored already stays.
        case sealed(String?)
    }

    package var name = ""
    package var about = ""
    package var ioBucket = ""
    package var prefix = "batchport/"
    package var jobDefinition = ""
    package var jobQueue = ""
    /// The ARNs say both; where these are given, they must agree with them.
    package var region: String?
    package var account: String?
    package var signer = Signer.automatic
    package var custodian: UUID?
    package var languages: [String] = []
    package var memoryRule = BatchEnvironment.MemoryRule()
    package var limits = BatchEnvironment.Limits()
    package var forcedTags: [String: String] = [:]
    package var variables: [String: Variable] = [:]
    package var grants: [Grant] = []
    package var isEnabled = true
    /// What is told to those who come while it is disabled.
    package var disabledMessage = ""
    /// What could not be read of it.
    var faults: [Failure.Problem] = []

    package init() {}
}

extension EnvironmentEntry {
    /// As it stands, to be changed.
    init(_ environment: BatchEnvironment, grants: [EnvironmentGrant]) {
        (name, about) = (environment.name, environment.about)
        (ioBucket, prefix) = (environment.ioBucket, environment.prefix)
        (jobDefinition, jobQueue) = (environment.jobDefinition, environment.jobQueue)
        (signer, custodian) = (environment.signer, environment.custodian)
        languages = environment.languages.map(\.rawValue)
        (memoryRule, limits) = (environment.memoryRule, environment.limits)
        forcedTags = environment.forcedTags
        variables = environment.variables.mapValues { variable in
            switch variable {
            case .plain(let text): .plain(text)
            case .sealed: .sealed(nil)
            }
        }
        self.grants = grants.map { grant in
            switch grant.to {
            case .everyone: Grant(.everyone, sees: grant.sees)
            case .person(let id): Grant(.person(grant.email.isEmpty ? id.lower : grant.email), sees: grant.sees)
            case .team: Grant(.team(grant.name), sees: grant.sees)
            }
        }
        (isEnabled, disabledMessage) = (environment.isEnabled, environment.disabledMessage)
    }

    /// But for the grants, which name the same people in several ways.
    func isEqual(to other: EnvironmentEntry) -> Bool {
        var (own, other) = (self, other)
        (own.grants, other.grants) = ([], [])
        return own == other
    }
}

/// Without its job definition nothing can be sent in an environment: no value in effect is known.
extension BatchEnvironment {
    /// What is in the way, and who does what about it; nil where the definition has been read.
    var whyNotReady: Failure.Problem? {
        guard definition == nil else { return nil }
        let faults = findings.filter { !$0.ok }
        // What comes first is in the way of what follows, but for the definition's own.
        guard checkedAt != nil, let fault = faults.first(where: { $0.name == "Job definition" }) ?? faults.first else {
            return .init(
                "/environment", "notChecked",
                "The environment's job definition has not been read from AWS yet, so nothing can be sent there: whoever manages the environment can have it checked now, on its page."
            )
        }
        let remedy = fault.remedy.map { " What helps: " + $0 } ?? ""
        return .init(
            "/environment", "needsMending",
            "The environment's job definition could not be read when it was last checked, so nothing can be sent there. \(fault.name): \(fault.detail)\(remedy) Whoever manages the environment can mend that and check it again, on its page."
        )
    }

    /// With which no check can sign; who could, depends on whose identity signs there.
    var nobodyToCheck: Finding {
        let byManager =
            "have somebody who manages it, and who has a default credential of the account \(account), press \u{201C}Check now\u{201D}."
        let remedy =
            switch signer {
            case .new: "Name a custodian in its form, a credential that may read the job definition; or \(byManager)"
            case .automatic, .credential: "Share a credential with it, in its form; or \(byManager)"
            }
        return Finding(
            name: "Identity", ok: false, detail: "There is no credential to check it with.", remedy: remedy)
    }
}

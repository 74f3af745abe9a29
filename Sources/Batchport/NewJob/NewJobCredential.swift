import HTML

/// The fields for a credential that is entered for one submission, where the environment wants one.
struct NewJobCredential {
    private let environment: BatchEnvironment

    init?(_ environment: BatchEnvironment) {
        guard environment.signer == .new else { return nil }
        self.environment = environment
    }

    let note: HTML = "For this job alone. It is sealed, and shown to nobody."

    func content(_ fields: FormFields) -> HTML {
        """
        <div class="row">\(fields.text(
            "accessKeyID", "Access key id", "", hint: "Typed anew each time the form is shown",
            extra: "class=\"mono\" autocomplete=\"off\" spellcheck=\"false\""))
        \(fields.text(
            "secretAccessKey", "Secret access key", "", extra: "type=\"password\" autocomplete=\"off\""))</div>
        \(fields.text(
            "sessionToken", "Session token", "", hint: "Only for temporary keys",
            extra: "type=\"password\" autocomplete=\"off\""))
        <div class="choice" id="credential"><label><input type="checkbox" name="forgetAfterCapture" value="yes">\
        Forget it once everything of the job is captured</label></div>
        <p class="small dim">\(afterwards)</p>
        """
    }

    private var afterwards: HTML {
        environment.custodian == nil || environment.custodianIsGone
            ? """
            This environment has no custodian: once the credential is forgotten or has expired, this job’s tracking, log, \
            downloads and deletion stop until an admin names one.
            """
            : """
            Once it is forgotten or has expired, the environment’s custodian tracks the job, captures it, and serves its \
            downloads.
            """
    }
}

extension EnvironmentEntry.Signer {
    /// Completes "signed by".
    var word: String {
        switch self {
        case .automatic: "your own credential"
        case .new: "a credential that you enter"
        case .credential: "a shared credential"
        }
    }
}

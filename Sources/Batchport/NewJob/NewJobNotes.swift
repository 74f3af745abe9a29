import HTML

/// What would hold the job up, above the form, before anything is sent.
struct NewJobNotes {
    let environment: BatchEnvironment?
    let hasCredential: Bool
    let warnings: [SubmissionWarning]
    let assets: Assets

    var content: HTML { "\(disabled)\(noCredential)\(warnings.map(note))" }

    private var disabled: HTML? {
        guard let environment, !environment.isEnabled else { return nil }
        let message: HTML? =
            environment.disabledMessage.isEmpty ? nil : "<p class=\"mt2\">\(environment.disabledMessage)</p>"
        return """
            <div class="note" data-s="error">\(assets.icon("warn"))<div><strong>\(environment.name) is disabled: no new jobs \
            are taken there.</strong>\(message)<p class="mt2">An admin can enable it again; another environment can be chosen \
            below.</p></div></div>
            """
    }

    private var noCredential: HTML? {
        if hasCredential { return nil }
        return """
            <div class="note" data-s="warn">\(assets.icon("warn"))<div><strong>You have no credential of its account \
            yet.</strong> This environment signs with your own, of the account \(environment?.account): \
            <a href="/credentials">add an access key or a role</a> first.</div></div>
            """
    }

    private func note(_ warning: SubmissionWarning) -> HTML {
        let place: HTML? =
            warning.who == "you"
            ? "<a href=\"/credentials\">Credentials</a>"
            : environment.map { environment -> HTML in
                "<a href=\"/environments/\(environment.id.lower)\">\(environment.name)</a>"
            }
        return """
            <div class="note" data-s="\(warning.stops ? "error" : "warn")">\(assets.icon("warn"))<div><strong>\(warning.sentence)\
            </strong><p class="mt2">\(warning.remedy) It can be mended by: \(warning.who). \(place)</p></div></div>
            """
    }
}

import FoundationEssentials
import HTML
import HTTP
import PostgreSQL

/// A new job: the environment's own form, filled in by a link, by another job, or by what was typed before.
enum NewJobPage {
    static let routes: [Route] = [
        .get("/jobs/new", .signedIn, show),
        .upload("POST", "/jobs/new", .signedIn, send).costly,
    ]

    private static func show(_ call: Call, _ scope: inout Scope) throws -> Response {
        let query = call.request.query
        var entry = NewJobEntry()
        var missing: [String] = []
        if let from = try query.one("from") {
            guard let job = try scope.database.job(eitherID: from) else { throw Failure.notFound }
            entry = NewJobEntry(again: job)
            if try query.one("elementsOnly") == "missing" { entry.map.takeMissing(of: job) }
            let inputs = try scope.database.inputsAgain(of: job.id)
            entry.files = inputs.compactMap { input in
                input.upload.map { .init(upload: $0, name: input.name, size: input.size) }
            }
            missing = inputs.filter { $0.upload == nil }.map(\.name)
        }
        for name in NewJobEntry.fields.keys where name != "key" {
            if let text = try query.one(name) { entry.set(name, text) }
        }
        let environments = try scope.database.usableEnvironments()
        if entry.environment.isEmpty { entry.environment = Self.first(environments) }
        var view = try view(entry, environments, &scope)
        view.filesToAdd = missing
        return page(view, scope)
    }

    /// The first where something can be sent.
    private static func first(_ environments: [BatchEnvironment]) -> String {
        (environments.first { $0.isEnabled && $0.definition != nil } ?? environments.first)?.name ?? ""
    }

    private static func send(_ call: Call, _ body: inout RequestBody, _ scope: inout Scope) throws -> Response {
        let form = try NewJobForm(call, &body, &scope)
        let environments = try scope.database.usableEnvironments()
        guard form.act == "submit" || form.act == "check" else {
            var view = try view(form.entry, environments, &scope)
            view.problems = form.problems
            return page(view, scope)
        }
        let person = try scope.identity().person
        let read = form.entry.request
        var problems = form.problems + read.problems
        if form.act == "submit", problems.isEmpty {
            do {
                return .redirect(
                    to: "/jobs/" + (try submit(form.entry, read.request, by: person, &scope)).lower)
            } catch let failure as Failure where !failure.problems.isEmpty {
                problems += failure.problems
            }
        }
        var view = try view(form.entry, environments, &scope)
        if form.act == "check" || !problems.isEmpty {
            let checked = try Submit.check(read.request, by: person, in: &scope.database)
            view.problems = problems + checked.problems.filter { !problems.contains($0) }
            view.isChecked = true
            view.plan = checked.plan
        }
        return page(view, scope)
    }

    /// The same form sent twice is one job.
    private static func submit(
        _ entry: NewJobEntry, _ request: JobRequest, by person: UUID, _ scope: inout Scope
    ) throws -> UUID {
        let (digest, vaultKey) = (entry.digest, scope.site.vaultKey)
        let key = "form " + String(entry.key.prefix(64).filter { $0.isLetter || $0.isNumber || $0 == "-" })
        return try Idempotency.once(
            key + " " + digest.prefix(8).map(String.init).joined(), digest, caller: person, in: &scope.database
        ) {
            database in
            let prepared = try Submit.prepare(request, by: person, in: &database)
            let id = try Submit.store(prepared, by: person, sealing: vaultKey, in: &database)
            return (id, "{}")
        }.job
    }

    private static func view(
        _ entry: NewJobEntry, _ environments: [BatchEnvironment], _ scope: inout Scope
    ) throws -> NewJobView {
        let environment = environments.first { $0.name == entry.environment || $0.id.lower == entry.environment }
        var view = NewJobView(
            entry: entry, environments: environments, environment: environment, assets: scope.site.assets,
            formToken: try scope.identity().formToken)
        if let environment {
            view.unused = try scope.database.unusedUploads(in: environment.id)
            if let id = UUID(uuidString: entry.map.job) { view.mapBefore = try scope.database.job(id) }
            view.effective =
                SubmissionRules(
                    entry.request.request, in: environment, codeLimit: .max, inputsLimit: .max
                ).effective
            view.warnings = try scope.database.warnings(in: environment)
            let person = try scope.identity().person
            view.hasCredential =
                try environment.signer != .automatic
                || scope.database.automaticCredential(of: person, in: environment.account) != nil
        }
        return view
    }

    private static func page(_ view: NewJobView, _ scope: borrowing Scope) -> Response {
        let problems = view.problems.count
        let title = problems == 0 ? "New job" : "\(problems) \(problems == 1 ? "problem" : "problems") – New job"
        return Page(
            title: title, state: problems == 0 ? nil : "error", content: view.content,
            status: problems == 0 ? 200 : 422,
            isNarrow: true, section: "New job", isForm: true
        ).response(in: scope)
    }
}

extension Connection {
    /// Those granted to the asker, by name, with the asker's own limits. Disabled ones are last: they take no job, but say
    /// why, and what was typed for one is not lost.
    mutating func usableEnvironments() throws -> [BatchEnvironment] {
        let own = try ownLimits()
        return try rows(
            """
            SELECT \(fragment: BatchEnvironment.columns) FROM environments
            WHERE deleted_at IS NULL AND may_use_environment(id) ORDER BY enabled DESC, name LIMIT 200
            """
        ) { try BatchEnvironment($0).narrowed(to: own) }
    }
}

import FoundationEssentials
import HTML
import HTTP
import JSON
import PostgreSQL
import Tasks

enum EnvironmentPages {
    static let routes: [Route] = [
        .get("/environments", .signedIn, list),
        .get("/environments/new", .admin, blank),
        .post("/environments", .admin, create).costly,
        .get("/environments/*", .signedIn, one),
        .get("/environments/*/edit", .manager, edit),
        .post("/environments/*/edit", .manager, save),
        .post("/environments/*/enabled", .manager, enable),
        .post("/environments/*/delete", .manager, delete),
        .post("/environments/*/check", .manager, check).costly,
    ]

    private static func list(_ call: Call, _ scope: inout Scope) throws -> Response {
        let view = EnvironmentListView(
            environments: try scope.database.environments(), assets: scope.site.assets, now: scope.site.now(),
            mayAdd: try scope.identity().isAdmin)
        return Page(title: "Environments", content: view.content, section: "Environments").response(in: scope)
    }

    private static func one(_ call: Call, _ scope: inout Scope) throws -> Response {
        let id = try call.id(0)
        guard let environment = try scope.database.environment(id) else { throw Failure.notFound }
        let identity = try scope.identity()
        let mayManage = try scope.mayManage(id)
        let view = EnvironmentView(
            environment: environment, jobs: try scope.database.unsettledJobs(in: id),
            grants: try scope.database.grants(of: [id])[id] ?? [],
            history: mayManage ? try scope.database.history(of: id) : nil, assets: scope.site.assets,
            formToken: identity.formToken, mayManage: mayManage, now: scope.site.now())
        return Page(
            title: view.title, state: environment.isHealthy == false ? "warn" : nil, content: view.content,
            isNarrow: true, section: "Environments"
        ).response(in: scope)
    }

    private static func check(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let id = try call.id(0)
        try EnvironmentChecking.ask(id, &scope)
        return .redirect(to: "/environments/" + id.lower)
    }

    private static func enable(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let id = try call.id(0)
        let isEnabled = try form.one("enabled") == "yes"
        let message = try form.one("disabledMessage") ?? ""
        if let page = try StepUp.page(
            unless: form, keeping: ["enabled", "disabledMessage"], to: "/environments/\(id.lower)/enabled", &scope)
        {
            return page
        }
        try EnvironmentWriting(scope).change(id, seen: nil, in: &scope.database) { entry in
            entry.isEnabled = isEnabled
            entry.disabledMessage = isEnabled ? "" : message
        }
        return .redirect(to: "/environments/" + id.lower)
    }

    private static func delete(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let id = try call.id(0)
        if let page = try StepUp.page(unless: form, keeping: [], to: "/environments/\(id.lower)/delete", &scope) {
            return page
        }
        try EnvironmentWriting(scope).delete(id, seen: nil, in: &scope.database)
        return .redirect(to: "/environments")
    }
}

/// Has the worker look at everything an environment needs.
enum EnvironmentChecking {
    static func ask(_ id: UUID, _ scope: inout Scope) throws {
        let actor = try scope.identity().person
        try scope.database.transaction { database in
            guard let environment = try database.environment(id) else { throw Failure.notFound }
            try database.enqueueNow(
                "checkEnvironment", ["environment": .string(id.lower), "person": .string(actor.lower)], for: id,
                of: environment.signer == .automatic ? actor : nil)
            try database.execute(Audit.entry(by: actor, "environment.check", on: "environment", id))
        }
    }
}

extension Connection {
    /// How many of the jobs the asker may see are on their way there, by state.
    mutating func unsettledJobs(in environment: UUID) throws -> [(state: String, count: Int)] {
        try rows(
            """
            SELECT coalesce(status, phase) AS state, count(*) AS n FROM jobs
            WHERE environment = \(environment) AND settled_at IS NULL GROUP BY 1 ORDER BY 1
            """
        ) { (try $0.value("state"), try $0.value("n")) }
    }
}

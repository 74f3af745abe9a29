import FoundationEssentials
import HTML
import HTTP
import JSON
import PostgreSQL
import Tasks

enum EnvironmentPages {
    static let routes: [Route] = [
        .get("/environments", .signedIn, list),
        .get("/environments/*", .signedIn, one),
        .post("/environments/*/check", .admin, check),
    ]

    private static func list(_ call: Call, _ scope: inout Scope) throws -> Response {
        let view = EnvironmentListView(
            environments: try scope.database.environments(), assets: scope.site.assets, now: scope.site.now())
        return Page(title: "Environments", content: view.content, section: "Environments").response(in: scope)
    }

    private static func one(_ call: Call, _ scope: inout Scope) throws -> Response {
        let id = try call.id(0)
        guard let environment = try scope.database.environment(id) else { throw Failure.notFound }
        let identity = try scope.identity()
        let view = EnvironmentView(
            environment: environment, jobs: try scope.database.unsettledJobs(in: id), assets: scope.site.assets,
            formToken: identity.formToken, mayCheck: identity.isAdmin, now: scope.site.now())
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
}

/// Has the worker look at everything an environment needs.
enum EnvironmentChecking {
    static func ask(_ id: UUID, _ scope: inout Scope) throws {
        let actor = try scope.identity().person
        try scope.database.transaction { database in
            guard try database.environment(id) != nil else { throw Failure.notFound }
            try database.enqueue(
                "checkEnvironment", ["environment": .string(id.lower), "person": .string(actor.lower)], for: id)
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

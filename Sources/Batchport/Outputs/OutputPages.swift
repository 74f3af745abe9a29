import FoundationEssentials
import HTML
import HTTP
import JSON
import PostgreSQL

enum OutputPages {
    static let routes: [Route] = [
        .get("/jobs/*/outputs", .signedIn, list),
        .get("/jobs/*/outputs/**", .signedIn, { call, scope in try lead(call, .download, &scope) }).costly,
        .get("/jobs/*/children/*/outputs/**", .signedIn, leadToChilds).costly,
        .get("/jobs/*/preview/**", .signedIn, { call, scope in try lead(call, .preview, &scope) }).costly,
    ]

    static let pageSize = 200

    private static func list(_ call: Call, _ scope: inout Scope) throws -> Response {
        let job = try scope.database.seen(call)
        let query = call.request.query
        let found = try scope.database.outputs(
            of: job.id, after: try OutputCursor.read(query), limit: pageSize + 1)
        let shown = Array(found.prefix(pageSize))
        let wanted = try query.one("show")
        let view = OutputsView(
            job: job, outputs: shown, shown: shown.filter { $0.path == wanted },
            ofChildren: try scope.database.childOutputs(of: job), assets: scope.site.assets)
        let next: HTML? =
            found.count > pageSize
            ? shown.last.map { last in
                """
                <form class="pager" action="/jobs/\(job.idText)/outputs"><input type="hidden" name="cursor" \
                value="\(OutputCursor.write(last.path))"><button class="btn">More outputs</button></form>
                """
            } : nil
        let content: HTML = """
            <ol class="crumbs"><li><a href="/jobs">Jobs</a></li><li><a href="/jobs/\(job.idText)">\(job.name)</a></li></ol>
            <div class="head"><div><h1>Outputs \(job.state.plate(scope.site.assets))</h1></div></div>
            <h2 class="vh" id="outputs">Outputs</h2>\(view.table)\(next)\(view.previews)
            """
        var page = Page(
            title: "\(job.state.word) – Outputs of \(job.name)", state: job.state.style, content: content,
            section: "Jobs")
        if view.showsImages {
            page.contentPolicy.imageOrigins = scope.site.bucketOrigins(job.bucket, region: job.region)
        }
        return page.response(in: scope)
    }

    private static func leadToChilds(_ call: Call, _ scope: inout Scope) throws -> Response {
        let (job, child) = try scope.database.seenChild(call)
        guard let output = try scope.database.output(of: job.id, child: child.k, path: call.parameters[2]),
            let url = try Links.output(.download, job.id, child: child.k, output.path, &scope)["url"]?.string
        else { throw Failure.notFound }
        return .away(to: url)
    }

    /// Off to the bucket: the bytes never pass through here.
    private static func lead(_ call: Call, _ kind: Links.Kind, _ scope: inout Scope) throws -> Response {
        let job = try scope.database.seen(call)
        guard let output = try scope.database.output(of: job.id, path: call.parameters[1]),
            kind == .download || output.isImage
        else { throw Failure.notFound }
        guard let url = try Links.output(kind, job.id, output.path, &scope)["url"]?.string else {
            throw Failure.unexpected
        }
        return .away(to: url)
    }
}

extension Response {
    /// To a signed address of another site, which is not to learn where the reader came from (trust.md S43).
    static func away(to url: String) -> Response {
        var response = Response.redirect(to: url, status: 302)
        response.headers.set("Referrer-Policy", "no-referrer")
        return response
    }
}

extension Output {
    /// What a browser may show by `<img>`, where a script in it never runs (trust.md S43, S44).
    var isImage: Bool { ["image/png", "image/jpeg", "image/svg+xml"].contains(contentType) }

    /// The address of the file below a job's, each part encoded.
    func address(_ job: Job, _ kind: String) -> String {
        "/jobs/\(job.idText)/\(kind)/" + percentEncode(path, keepingSlashes: true)
    }
}

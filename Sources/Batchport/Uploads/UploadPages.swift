import Cryptography
import FoundationEssentials
import HTML
import HTTP
import JSON
import PostgreSQL

/// A file too large to pass through here: announced, then posted by the browser straight to the bucket, by a form that
/// the worker has signed. Without JavaScript; the bucket sends the browser back.
enum UploadPages {
    static let routes: [Route] = [
        .get("/uploads/new", .signedIn, ask),
        .post("/uploads", .signedIn, announce),
        .get("/uploads/*", .signedIn, show),
    ]

    private static func ask(_ call: Call, _ scope: inout Scope) throws -> Response {
        let query = call.request.query
        let entry = UploadEntry(
            environment: try query.one("environment") ?? "", name: try query.one("name") ?? "", sha256: "")
        return try page(entry, [], &scope)
    }

    private static func page(
        _ entry: UploadEntry, _ problems: [Failure.Problem], _ scope: inout Scope
    ) throws -> Response {
        guard let environment = try scope.database.usableEnvironment(entry.environment) else { throw Failure.notFound }
        let view = UploadEntryView(
            entry: entry, environment: environment, fields: FormFields(assets: scope.site.assets, problems: problems),
            formToken: try scope.identity().formToken)
        return Page(
            title: problems.isEmpty ? "Upload a large file" : "Not announced – Upload a large file",
            content: view.content, status: problems.isEmpty ? 200 : 422, isNarrow: true, section: "New job",
            isForm: true
        ).response(in: scope)
    }

    private static func announce(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let entry = UploadEntry(
            environment: try form.one("environment") ?? "", name: try form.one("name") ?? "",
            sha256: try form.one("sha256") ?? "")
        guard let environment = try scope.database.usableEnvironment(entry.environment) else { throw Failure.notFound }
        let problems = [environment.whyClosed].compactMap(\.self) + entry.problems
        guard problems.isEmpty else { return try page(entry, problems, &scope) }
        let id = try scope.database.announceUpload(
            owner: try scope.identity().person, environment: environment.id, name: entry.name, size: nil,
            sha256: entry.digest, isDirect: true, isForLater: true)
        return .redirect(to: "/uploads/" + id.lower)
    }

    /// S3 comes back with its own parameters, `etag` among them: then the file is there, and is looked for.
    private static func show(_ call: Call, _ scope: inout Scope) throws -> Response {
        guard let upload = try scope.database.upload(try call.id(0)),
            let environment = try scope.database.environment(upload.environment)?.narrowed(
                to: try scope.database.ownLimits())
        else { throw Failure.notFound }
        var view = UploadView(
            upload: upload, environment: environment, refreshing: try Refreshing(call.request),
            assets: scope.site.assets, now: scope.site.now())
        if upload.state == .open, upload.isDirect {
            let isBack = try call.request.query.one("etag") != nil && upload.trouble == nil
            if isBack || upload.hasArrived {
                view.isExpected = true
                if !upload.hasArrived { try scope.database.lookForUpload(upload.id) }
            } else {
                let back = scope.site.origin + "/uploads/" + upload.id.lower
                view.form = try Links.uploadForm(upload.id, returnTo: back, &scope)
            }
        }
        var page = Page(
            title: view.title, content: view.content, isNarrow: true, section: "New job",
            refresh: view.isExpected ? view.refreshing.seconds : nil)
        if view.form != nil {
            page.contentPolicy.formOrigins = scope.site.bucketOrigins(
                environment.ioBucket, region: environment.region)
        }
        return page.response(in: scope)
    }
}

/// The announcement as it was typed.
struct UploadEntry {
    let environment: String
    let name: String
    /// Hexadecimal, or nothing.
    let sha256: String

    var digest: [UInt8]? { sha256.isEmpty ? nil : unhex(sha256.lowercased()) }

    var problems: [Failure.Problem] {
        var problems = InputFileRules.problems([name], atMost: 1, at: "/name")
        if !sha256.isEmpty, digest?.count != 32 {
            problems.append(.init("/sha256", "malformed", "The SHA-256 must be 64 hexadecimal digits, or left empty."))
        }
        return problems
    }
}

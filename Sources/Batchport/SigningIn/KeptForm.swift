import Cryptography
import FoundationEssentials
import HTML
import HTTP
import JSON

/// A form that was posted after its session had run out. It is stored nowhere: sealed, it goes out with the sign-in page
/// and comes back with the password, and whoever it belongs to is asked once more before anything is done with it.
///
/// The two-part rule of trust.md S14 holds: it is kept only if it came from our own page, with that very session's form
/// token; and it is sent in the new session, by that session's own form.
struct KeptForm {
    static let field = "kept"
    /// Sealed; the sign-in form has room for it below its own 1 MiB.
    private static let longest = 700_000
    private static let lifetime: Int64 = 86_400_000

    let person: UUID
    let path: String
    let isMultipart: Bool
    let fields: [(name: String, value: String)]
    /// Names of files that must be chosen again.
    let files: [String]
    let droppedSecrets: Bool

    /// Never kept, whatever form they are in.
    private static func isSecret(_ name: String) -> Bool {
        let name = name.lowercased()
        return ["password", "secret", "token"].contains { name.contains($0) } || name == "code"
            || name.hasSuffix("_code")
    }

    /// The sign-in page with the form in it; nil where there is nobody's form to be kept.
    static func signIn(
        _ route: Route, _ call: Call, _ body: inout RequestBody, _ scope: inout Scope
    ) throws -> Response? {
        guard case .nobody = scope.caller, route.method == "POST", !route.isAPI, route.rule != .anyone,
            let secret = try SessionCookie.value(in: call.request),
            (try? FormToken.checkOrigin(call.request, scope.site)) != nil,
            let path = SafePath.of(call.request.target),
            let person = try scope.database.lapsedPerson(secret),
            let form = try read(route, call.request, &body, FormToken.make(for: secret))
        else { return nil }
        let kept = KeptForm(
            person: person, path: path, isMultipart: form.isMultipart,
            fields: form.fields.filter { !isSecret($0.name) }, files: form.files,
            droppedSecrets: form.fields.contains {
                isSecret($0.name) && $0.name != FormToken.field && !$0.value.isEmpty
            })
        guard let sealed = kept.sealed(scope.site) else { return nil }
        var response = try SignIn.form(call.request, next: nil, email: "", problem: nil, kept: sealed, &scope)
        response.status = 401
        response.headers.set("WWW-Authenticate", "Bearer realm=\"batchport\"")
        return response
    }

    private typealias Read = (isMultipart: Bool, fields: [(name: String, value: String)], files: [String])

    /// Nil unless it has the session's token. Files are not kept, and not even read without it.
    private static func read(
        _ route: Route, _ request: Request, _ body: inout RequestBody, _ token: String
    ) throws -> Read? {
        func isGood(_ presented: String?) -> Bool {
            presented.map { constantTimeEquals(Array($0.utf8), Array(token.utf8)) } ?? false
        }
        switch route.action {
        case .form:
            let query = try Query.parse(String(decoding: try body.all(limit: 1 << 20), as: UTF8.self)[...], limit: 250)
            guard isGood(try query.one(FormToken.field)) else { return nil }
            return (false, query.items.map { ($0.name, $0.value) }, [])
        case .upload:
            guard var reader = MultipartReader(contentType: try request.header("content-type"), partLimit: 500),
                let first = try reader.next(&body), first.name == FormToken.field, first.filename == nil,
                isGood(try reader.text(&body, limit: 256))
            else { return nil }
            var (fields, files): ([(name: String, value: String)], [String]) = ([], [])
            while let part = try reader.next(&body) {
                if let filename = part.filename {
                    if !filename.isEmpty { files.append(String(filename.prefix(200))) }
                    while try reader.chunk(&body) != nil {}
                } else {
                    fields.append((part.name, try reader.text(&body, limit: 1 << 20)))
                }
            }
            return (true, fields, files)
        default: return nil
        }
    }
}

extension KeptForm {
    /// Nil where it is too long.
    private func sealed(_ site: Site) -> String? {
        let document: JSONValue = [
            "person": .string(person.lower), "path": .string(path), "multipart": .bool(isMultipart),
            "fields": .array(fields.map { [.string($0.name), .string($0.value)] }), "files": JSONValue(files),
            "droppedSecrets": .bool(droppedSecrets), "until": JSONValue(site.now() + Self.lifetime),
        ]
        let text = base64(document.serialized())
        guard text.utf8.count <= Self.longest else { return nil }
        return text + "." + Self.proof(of: text, site)
    }

    private static func proof(of text: String, _ site: Site) -> String {
        base64URL(hmacSHA256(key: site.pepper, Array("batchport kept form \(text)".utf8)))
    }

    /// On through the steps of signing in.
    static func carried(_ sealed: String?) -> HTML? {
        sealed.map { "<input type=\"hidden\" name=\"\(field)\" value=\"\($0)\">" }
    }

    /// Nil unless it is one that we have sealed, lately.
    init?(sealed: String?, _ site: Site) {
        guard let halves = sealed?.split(separator: ".").map(String.init), halves.count == 2,
            constantTimeEquals(Array(halves[1].utf8), Array(Self.proof(of: halves[0], site).utf8)),
            let bytes = unbase64(halves[0]), let value = try? JSONValue.parse(bytes),
            let until = value["until"]?.integer, site.now() < Int64(until),
            let person = value["person"]?.string.flatMap(UUID.init(uuidString:)),
            let path = SafePath.of(value["path"]?.string)
        else { return nil }
        self.person = person
        self.path = path
        isMultipart = value["multipart"]?.bool ?? false
        fields = (value["fields"]?.array ?? []).map { ($0[0]?.string ?? "", $0[1]?.string ?? "") }
        files = (value["files"]?.array ?? []).compactMap(\.string)
        droppedSecrets = value["droppedSecrets"]?.bool ?? false
    }
}

import Batchport
import FoundationEssentials
import JSON
import Processes
import TestSupport
import Testing

/// The document that other services read names exactly what there is.
struct OpenAPITests {
    private func document() throws -> JSONValue {
        try JSONValue.parse(File.read(Repository.folder("public") + "/openapi.json"))
    }

    /// `GET /api/v1/jobs/*`, as the routes say it.
    private func address(_ method: String, _ path: String) -> String {
        let parts = path.split(separator: "/").map { part in
            part == "{path}" ? "**" : part.hasPrefix("{") ? "*" : String(part)
        }
        let base = ["healthz", "readyz"].contains(parts[0]) ? "" : "/api/v1"
        return method.uppercased() + " " + base + "/" + parts.joined(separator: "/")
    }

    @Test func namesEveryRouteAndNoOther() throws {
        let documented = try (document()["paths"]?.members ?? []).flatMap { path in
            (path.value.members ?? []).filter { $0.name != "parameters" && $0.name != "servers" }
                .map { address($0.name, path.name) }
        }
        let routes = Routes.addresses.filter { $0.contains(" /api/") || $0.hasSuffix("z") }
        #expect(Set(routes).subtracting(documented) == [])
        #expect(Set(documented).subtracting(routes) == [])
    }

    @Test func everyReferenceLeadsSomewhere() throws {
        let document = try document()
        var checked = 0
        func walk(_ value: JSONValue) {
            for member in value.members ?? [] {
                if member.name == "$ref", let text = member.value.string {
                    checked += 1
                    var at: JSONValue? = document
                    for part in text.split(separator: "/").dropFirst() { at = at?[String(part)] }
                    #expect(at != nil, "\(text)")
                }
                walk(member.value)
            }
            for item in value.array ?? [] { walk(item) }
        }
        walk(document)
        #expect(checked > 20)
    }

    /// Each member of a real answer is one that the document knows, and every one it requires is there.
    @Test func answersAreAsDescribed() throws {
        var portal = try Portal()
        let job = try portal.submitted(["inputFiles": ["a": ["base64": "eA=="]]])
        let schemas = try document()["components"]?["schemas"]
        let found: [(String, JSONValue)] = [
            ("Job", try portal.api("GET", "/jobs/\(job.uuidString)").json), ("Me", try portal.api("GET", "/me").json),
            ("Environment", try portal.api("GET", "/environments/\(portal.environment.uuidString)").json),
            ("Check", try portal.api("GET", "/environments/\(portal.environment.uuidString)/check").json),
            ("Problem", try portal.api("GET", "/jobs?limit=0").json),
            ("Upload", try portal.api("POST", "/uploads", ["environment": "local", "name": "a", "size": 1]).json),
        ]
        for (name, value) in found {
            let schema = schemas?[name]
            let known = Set((schema?["properties"]?.members ?? []).map(\.name))
            let names = Set((value.members ?? []).map(\.name))
            #expect(!known.isEmpty, "\(name)")
            #expect(names.subtracting(known) == [], "\(name)")
            let required = (schema?["required"]?.array ?? []).compactMap(\.string)
            #expect(Set(required).subtracting(names) == [], "\(name)")
        }
    }
}

import FoundationEssentials
import Processes
import TestSupport
import Testing

@testable import Batchport

/// Every route declares who may use it (trust.md S18): one that does not is no Swift.
struct RuleTests {
    /// A route as a feature would declare one, with the compiler's own word on it.
    struct Declaration: Sendable {
        let text: String
        /// Part of the compiler's objection; nil where there is none.
        let objection: String?
    }

    static let declarations = [
        Declaration(text: #".get("/x", .signedIn, { _, _ in .text("") })"#, objection: nil),
        Declaration(text: #".get("/x", { _, _ in .text("") })"#, objection: "missing argument"),
        Declaration(text: #".post("/x", { _, _, _ in .text("") })"#, objection: "missing argument"),
        Declaration(text: #".json("POST", "/x", { _, _, _ in .text("") })"#, objection: "missing argument"),
        Declaration(text: #".upload("PUT", "/x", { _, _, _ in .text("") })"#, objection: "missing argument"),
        Declaration(text: #".get("/x", nil, { _, _ in .text("") })"#, objection: "nil"),
        Declaration(
            text: #"Route("GET", "/x", .anyone, .page({ _, _ in .text("") }))"#, objection: "inaccessible"),
    ]

    @Test(arguments: declarations.indices)
    func withoutARuleItDoesNotCompile(index: Int) throws {
        let declaration = Self.declarations[index]
        let said = try Compiler.check(
            "@testable import Batchport\n@testable import HTTP\nlet routes: [Route] = [\(declaration.text)]\n")
        if let objection = declaration.objection {
            #expect(said.contains("error:") && said.contains(objection), "\(said)")
        } else {
            #expect(!said.contains("error:"), "\(said)")
        }
    }

    /// S58: neither does a statement that was put together of texts.
    @Test(
        arguments: [
            (#""SELECT 1 WHERE name = \(name)""#, nil), (#"name"#, "cannot convert"), (#""SELECT " + name"#, "error:"),
            (#"SQL(name)"#, "error:"), (#"SQL(stringLiteral: name)"#, "error:"),
            (#""SELECT \(fragment: name)""#, "cannot convert"),
        ] as [(String, String?)])
    func aBuiltStatementDoesNotCompile(expression: String, objection: String?) throws {
        let said = try Compiler.check(
            "@testable import PostgreSQL\nfunc statement(_ name: String) -> SQL { let sql: SQL = \(expression)\nreturn sql }\n"
        )
        #expect(said.contains(objection ?? "error:") == (objection != nil), "\(said)")
    }

    /// Who may do what is said of more than a hundred routes, and those open to anyone are these.
    @Test func openToAnyoneAreOnlyThese() {
        let open = Routes.all.filter { $0.rule == .anyone }.map { $0.method + " /" + $0.pattern.joined(separator: "/") }
        #expect(
            Set(open) == [
                "GET /sign-in", "POST /sign-in", "POST /sign-in/code", "POST /sign-in/site", "GET /first-admin",
                "POST /first-admin", "GET /welcome/*", "POST /welcome/*", "GET /healthz", "GET /readyz",
            ])
        #expect(Routes.all.count > 100)
    }

    /// What makes the worker call AWS, or reads far more than a page, counts against the smaller rate (trust.md S51).
    @Test func costlyAreExactlyThese() {
        let costly = Routes.all.filter(\.isCostly).map { $0.method + " /" + $0.pattern.joined(separator: "/") }
        #expect(
            Set(costly) == [
                "POST /api/v1/jobs", "POST /jobs/new", "POST /api/v1/aborts", "POST /aborts",
                "POST /api/v1/jobs/*/output-links", "GET /api/v1/jobs/*/outputs/**",
                "GET /api/v1/jobs/*/children/*/outputs/**", "GET /jobs/*/outputs/**",
                "GET /jobs/*/children/*/outputs/**",
                "GET /jobs/*/preview/**", "GET /jobs/*/results/file", "GET /admin/audit/export", "POST /credentials",
                "POST /credentials/roles", "POST /credentials/*/check", "POST /credentials/*/secret",
                "POST /api/v1/credentials/*/check", "PUT /api/v1/credentials/*/secret", "POST /environments",
                "POST /environments/import", "POST /environments/*/check", "POST /api/v1/environments",
                "POST /api/v1/environments/import", "POST /api/v1/environments/*/check",
            ])
    }

    /// What is for a token is for one of its scope; no page is, and nothing under /api is for a session's form.
    @Test func pagesAndAPIKeepToTheirRules() {
        for route in Routes.all {
            let address = route.method + " /" + route.pattern.joined(separator: "/")
            switch route.rule {
            case .token, .adminToken, .managerToken: #expect(route.isAPI, "\(address)")
            case .signedIn: #expect(!route.isAPI || address == "GET /api/v1/me", "\(address)")
            case .anyone, .admin, .manager: #expect(!route.isAPI, "\(address)")
            }
            if case .form = route.action { #expect(!route.isAPI && route.method == "POST", "\(address)") }
            if case .json = route.action { #expect(route.isAPI, "\(address)") }
            if route.method == "GET" {
                switch route.action {
                case .page, .query: break
                default: Issue.record("\(address) reads a body")
                }
            }
        }
    }
}

/// The compiler that made these tests, asked about a few lines.
private enum Compiler {
    static func check(_ source: String) throws -> String {
        let folder = try TestFolder()
        try folder.write(Array(source.utf8), to: "snippet.swift")
        let built = try self.built()
        let maps = try ["CFastCGI", "CPostgreSQL", "CCurl", "COpenSSL", "CLinux"].flatMap { name in
            ["-Xcc", "-fmodule-map-file=" + (try Repository.folder("Sources")) + "/\(name)/module.modulemap"]
        }
        var compiler = Spawn(
            try swiftc(),
            [
                "-typecheck", "-swift-version", "6", "-I", built + "/Modules", "-module-cache-path",
                built + "/ModuleCache", "-Xcc", "-I/usr/include/postgresql", "-Xcc",
                "-I/usr/include/x86_64-linux-gnu",
            ] + maps + [folder.file("snippet.swift")],
            environment: ["PATH": "/usr/bin:/bin", "HOME": folder.path])
        compiler.standardError = .append(folder.file("said"))
        let exit = try compiler.start().wait()
        let said = String(decoding: try folder.read("said"), as: UTF8.self)
        return exit == .code(0) ? said : said + "\nerror: \(exit)"
    }

    /// Beside the library of the runtime that this process has loaded.
    private static func swiftc() throws -> String {
        let maps = String(decoding: try File.read("/proc/self/maps", limit: 16 << 20), as: UTF8.self)
        let library = "/lib/swift/linux/libswiftCore.so"
        let line = maps.split(separator: "\n").first { $0.hasSuffix(library) }
        let path = try #require(line?.split(separator: " ").last)
        return String(path.dropLast(library.count)) + "/bin/swiftc"
    }

    private static func built() throws -> String {
        let program = try BuiltProgram.path("batchport")
        return String(program.dropLast("/batchport".count))
    }
}

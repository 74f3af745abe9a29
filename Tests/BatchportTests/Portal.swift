import Batchport
import Cryptography
import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import Processes
import TestSupport
import Vault

/// The portal's web half on a database of its own: requests go in by `Answering`, as a server's thread would send them.
struct Portal: ~Copyable {
    static let origin = "http://portal.test"
    static let password = "a sentence that is long"
    /// Hashed once: it is slow on purpose.
    static let storedPassword = Result { try Password.store(password, pepper: pepper) }
    static let knownPasswords = Result {
        try KnownPasswords(file: Repository.folder("deploy") + "/known-passwords.txt")
    }
    static let pepper = [UInt8](repeating: 7, count: 32)

    let database: TestDatabase
    let site: Site
    var scope: Scope
    /// Whom the web server says that it has authenticated.
    var remoteUser = ""
    let member = Person(email: "mia@example.org", name: "Mia <b>Member</b>", role: "member")
    let stranger = Person(email: "sam@example.org", name: "Sam Stranger", role: "member")
    let admin = Person(email: "ada@example.org", name: "Ada Admin", role: "admin")
    let environment = UUID()
    let credential = UUID()

    struct Person {
        let id = UUID()
        let email: String
        let name: String
        let role: String
        /// What the browser's cookie and the program's token hold.
        let session = base64URL(randomBytes(32))
        let token = TokenSecret.fresh()
    }

    /// - Parameter clockAhead: by how many milliseconds the web's clock is ahead of the database's.
    init(
        threads: Int = 4, trustsRemoteUser: Bool = false, clockAhead: Int64 = 0, rates: Rates = Rates()
    ) throws {
        let database = try TestDatabase.create(series: .portal)
        let site = Site(
            origin: Self.origin, assets: try Assets(folder: Repository.folder("public")), pepper: Self.pepper,
            knownPasswords: try Self.knownPasswords.get(),
            vaultKey: try VaultPublicKey(bytes: HPKE.PrivateKey.generate().publicKey), threads: threads,
            endpoints: ["us-local-1": "http://127.0.0.2:8080"], trustsRemoteUser: trustsRemoteUser, rates: rates,
            now: { Clock.milliseconds() + clockAhead })
        var owner = try database.connect(.migrate)
        for person in [member, stranger, admin] { try Self.add(person, &owner) }
        try Self.add(environment, signedBy: credential, of: admin, &owner)
        let connection = try database.connect(.web)
        (self.database, self.site) = (database, site)
        scope = Scope(database: connection, site: site)
    }

    /// Another thread's scope on the same database.
    func anotherScope() throws -> Scope { Scope(database: try database.connect(.web), site: site) }

    private static func add(_ person: Person, _ owner: inout Connection) throws {
        try owner.execute(
            """
            INSERT INTO people (id, email, name, role, password)
            VALUES (\(person.id), \(person.email), \(person.name), \(person.role), \(try storedPassword.get()))
            """)
        try owner.execute(
            """
            INSERT INTO sessions (token_hash, person, factor, idle, ends_at)
            VALUES (\(sha256(Array(person.session.utf8))), \(person.id), true, '1 hour', now() + interval '1 day')
            """)
        try owner.execute(
            """
            INSERT INTO tokens (token_hash, person, name, hint, scopes, expires_at)
            VALUES (\(sha256(Array(person.token.utf8))), \(person.id), 'test', 'abcd',
                \(TokenScope.allCases.map(\.rawValue)), now() + interval '1 day')
            """)
    }

    static let definition = """
        {"containerProperties": {"image": "local/python", "resourceRequirements": [{"type": "MEMORY", "value": "512"},
        {"type": "VCPU", "value": "1"}]}, "timeout": {"attemptDurationSeconds": 3600}, "tags": {"batchport:runner": "1"}}
        """

    private static func add(
        _ environment: UUID, signedBy credential: UUID, of admin: Person, _ owner: inout Connection
    ) throws {
        try owner.execute(
            """
            INSERT INTO credentials (id, owner, name, kind, access_key_hint, region)
            VALUES (\(credential), \(admin.id), 'shared', 'accessKey', 'WXYZ', 'us-local-1')
            """)
        try owner.execute(
            """
            INSERT INTO environments (id, name, region, account, io_bucket, job_definition, job_queue, service_object,
                credential, languages, is_local, definition, definition_arn, checked_at, healthy, findings, inline_bytes)
            VALUES (\(environment), 'local', 'us-local-1', '000000000000', 'batchport-local', 'arn:aws:batch:definition',
                'arn:aws:batch:queue', 'credential', \(credential), ARRAY['python', 'shell', 'command'], true,
                \(JSONText(definition)), 'arn:aws:batch:us-local-1:000000000000:job-definition/batchport-runner:1',
                now(), true, '[]', 2000000)
            """)
        try owner.execute("INSERT INTO environment_grants (environment) VALUES (\(environment))")
    }
}

/// What came back.
struct Answer {
    let status: Int
    let headers: Headers
    let bytes: [UInt8]

    init(_ response: Response) {
        status = response.status
        headers = response.headers
        var bytes: [UInt8] = []
        switch response.body {
        case .bytes(let ready): bytes = ready
        case .stream(_, let produce): _ = try? produce { bytes += $0 }
        case .dropped: break
        }
        self.bytes = bytes
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }
    var json: JSONValue { (try? JSONValue.parse(bytes)) ?? .null }
    /// Of a problem's errors.
    var pointers: [String] { (json["errors"]?.array ?? []).compactMap { $0["pointer"]?.string } }

    /// The value of the first field of that name.
    func field(_ name: String) -> String? {
        guard let start = text.firstRange(of: "name=\"\(name)\" value=\"") else { return nil }
        return String(text[start.upperBound...].prefix { $0 != "\"" })
    }
}

extension Portal {
    mutating func send(
        _ method: String, _ target: String, _ headers: [(String, String)] = [], body: [UInt8] = []
    ) throws -> Answer {
        try Self.send(method, target, headers, body: body, remoteUser: remoteUser, in: &scope)
    }

    static func send(
        _ method: String, _ target: String, _ headers: [(String, String)] = [], body: [UInt8] = [],
        remoteUser: String = "", in scope: inout Scope
    ) throws -> Answer {
        let all = headers.contains { $0.0 == "host" } ? headers : headers + [("host", "portal.test")]
        let request = try Request(
            method: method, target: target, headers: Headers(all), remoteUser: remoteUser, contentLength: body.count)
        var body = RequestBody.bytes(body)
        return Answer(Answering.answer(request, &body, &scope))
    }

    /// As a program with a token; a body is sent as JSON.
    mutating func api(
        _ method: String, _ path: String, _ body: JSONValue? = nil, as person: Person? = nil,
        _ headers: [(String, String)] = []
    ) throws -> Answer {
        let json = body.map { _ in [("content-type", "application/json")] } ?? []
        return try send(
            method, "/api/v1" + path, [("authorization", "Bearer " + (person ?? member).token)] + json + headers,
            body: body?.serialized() ?? [])
    }

    func submission(_ changes: JSONValue = .object([])) -> JSONValue {
        let basis: JSONValue = [
            "environment": "local", "name": "fit", "code": ["language": "python", "source": "print(1)\n"],
        ]
        let changed = changes.members ?? []
        return .object(
            (basis.members ?? []).filter { member in !changed.contains { $0.name == member.name } } + changed)
    }

    mutating func submit(_ body: JSONValue, key: String = UUID().uuidString, as person: Person? = nil) throws -> Answer
    {
        try api("POST", "/jobs", body, as: person, [("idempotency-key", key)])
    }

    /// A job's id.
    mutating func submitted(_ changes: JSONValue = .object([]), as person: Person? = nil) throws -> UUID {
        let answer = try submit(submission(changes), as: person)
        guard let id = answer.json["jobUUID"]?.string.flatMap(UUID.init(uuidString:)) else {
            throw Unexpected(answer.text)
        }
        return id
    }

    mutating func page(_ path: String, as person: Person? = nil, _ headers: [(String, String)] = []) throws -> Answer {
        try send("GET", path, [("cookie", "__Host-batchport=" + (person ?? member).session)] + headers)
    }

    /// As a browser sends a form from a page of ours.
    mutating func form(
        _ path: String, _ fields: [(String, String)], as person: Person? = nil, _ headers: [(String, String)]? = nil
    ) throws -> Answer {
        let text = fields.map { percentEncode($0.0) + "=" + percentEncode($0.1) }.joined(separator: "&")
        let from = headers ?? [("sec-fetch-site", "same-origin"), ("origin", Self.origin)]
        return try send(
            "POST", path,
            [
                ("cookie", "__Host-batchport=" + (person ?? member).session),
                ("content-type", "application/x-www-form-urlencoded"),
            ] + from, body: Array(text.utf8))
    }

    /// What a form of this session must bring back.
    mutating func formToken(as person: Person? = nil) throws -> String {
        guard let token = try page("/tokens", as: person).field("form_token") else { throw Unexpected("no form") }
        return token
    }

    /// What the worker would write.
    func worker(_ statements: [SQL]) throws {
        var connection = try database.connect(.worker)
        for statement in statements { try connection.execute(statement) }
    }

    func owner(_ statement: SQL) throws {
        var connection = try database.connect(.migrate)
        try connection.execute(statement)
    }

    func count(_ query: SQL) throws -> Int {
        var connection = try database.connect(.superuser)
        return try connection.row(query) { try $0.int(0) } ?? -1
    }
}

struct Unexpected: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

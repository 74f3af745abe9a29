import AWS
import Cryptography
import FoundationEssentials
import HTTPClient
import JSON
import Logging
import PostgreSQL
import Processes
import Tasks
import TestRegion
import TestSupport
import Vault

@testable import Batchport

/// A portal's database with a member, a credential of the region's first user and an environment in it, and a worker's
/// bench to do tasks at, one by one.
final class WorkerFixture: Sendable {
    let database: TestDatabase
    let folder: TestFolder
    private let lent: LentRegion
    let configuration: WorkerConfiguration
    let key: AWSCredentials
    let privateKey = randomBytes(32)
    let rootKey = randomBytes(32)
    let person = UUID()
    let credential = UUID()
    let environment = UUID()
    var region: RegionUnderTest { lent.region }
    static let bucket = "batchport-local"
    static let regionName = "us-local-1"

    init() throws {
        database = try TestDatabase.create(series: .portal)
        folder = try TestFolder()
        lent = try LentRegion()
        key = try Self.firstUser(lent.region.folder)
        let vault = try Vault(privateKey: privateKey, rootKey: rootKey, ownerKeys: folder.path)
        let endpoints = try AWSEndpoints(overrides: [Self.regionName: lent.region.endpoint])
        var configuration = WorkerConfiguration(
            database: database.conninfo(.worker), vault: .success(vault), auditChain: AuditChain(key: rootKey),
            endpoints: endpoints,
            http: HTTPClient.Options(isAllowed: { endpoints.mayReach($0) }),
            logger: Logger(label: "worker", factory: { _ in SwiftLogNoOpLogHandler() }))
        configuration.boundSeconds = 0
        self.configuration = configuration
        try fill(vault.publicKey())
    }

    private static func firstUser(_ folder: TestFolder) throws -> AWSCredentials {
        let user = try JSONValue.parse(folder.read("users.json"))[0]
        guard let id = user?["accessKeyId"]?.string, let secret = user?["secretAccessKey"]?.string else {
            throw ProcessError("read", "users.json", code: 0)
        }
        return AWSCredentials(accessKeyID: id, secretAccessKey: secret)
    }

    private func fill(_ vaultKey: VaultPublicKey) throws {
        let context = SealContext(
            table: "credentials", row: credential.lower, owner: person.lower, field: "accessKey", version: 1)
        let document: JSONValue = [
            "accessKeyID": .string(key.accessKeyID), "secretAccessKey": .string(key.secretAccessKey),
        ]
        let ingress = try vaultKey.seal(document.serialized(), context: context)
        let arn = "arn:aws:batch:\(Self.regionName):000000000000:"
        let (definition, queue) = (arn + "job-definition/batchport-runner:1", arn + "job-queue/local")
        var owner = try database.connect(.migrate)
        _ = try owner.pipeline([
            """
            INSERT INTO people (id, email, name, role, password) VALUES (\(person), 'ada@example.org', 'Ada', 'member', '')
            """,
            """
            INSERT INTO credentials (id, owner, name, kind, access_key_hint, region, is_default, ingress)
            VALUES (\(credential), \(person), 'first', 'accessKey', 'ABCD', \(Self.regionName), true, \(ingress))
            """,
            """
            INSERT INTO environments (id, name, region, account, io_bucket, prefix, job_definition, job_queue,
                service_object, credential, languages, is_local)
            VALUES (\(environment), 'local', \(Self.regionName), '000000000000', \(Self.bucket), 'p/', \(definition),
                \(queue), 'credential', \(credential), ARRAY['python', 'shell', 'command'], true)
            """,
        ])
    }

    // MARK: Jobs

    struct NewJob {
        var language = "python"
        var code: String? = "print('ran')\n"
        var argv: [String]?
        var inputs: [(name: String, bytes: [UInt8])] = []
        var variables: JSONValue = [:]
        var effective: JSONValue = ["vcpus": ["value": 1]]
        var definition = "batchport-runner:1"
        var startBefore: Int64?
    }

    /// As a submission leaves it, without the task.
    func insert(_ job: NewJob = NewJob()) throws -> UUID {
        let id = UUID()
        let arn = "arn:aws:batch:\(Self.regionName):000000000000:"
        let hasRunner = job.definition.hasPrefix("batchport-runner")
        let code = job.code.map { Array($0.utf8) }
        let startBefore = job.startBefore.map(Timestamp.init(milliseconds:))
        var owner = try database.connect(.migrate)
        try owner.execute(
            """
            INSERT INTO jobs (id, owner, environment, environment_version, credential, name, language, code, argv,
                variables, settings, effective, start_before, account, region, bucket, prefix, job_queue,
                job_definition, with_runner, provider_job_name)
            VALUES (\(id), \(person), \(environment), 1, \(credential), 'a job', \(job.language), \(code), \(job.argv),
                \(JSONText(job.variables.serialized())), '{}', \(JSONText(job.effective.serialized())), \(startBefore),
                '000000000000', \(Self.regionName), \(Self.bucket), 'p/', \(arn + "job-queue/local"),
                \(arn + "job-definition/" + job.definition), \(hasRunner), \("bp-" + id.lower))
            """)
        for (n, input) in job.inputs.enumerated() { try insert(input, n: n, of: id, &owner) }
        return id
    }

    private func insert(
        _ input: (name: String, bytes: [UInt8]), n: Int, of job: UUID, _ owner: inout Connection
    ) throws {
        let upload = UUID()
        try owner.execute(
            """
            INSERT INTO uploads (id, owner, environment, name, size, sha256, state)
            VALUES (\(upload), \(person), \(environment), \(input.name), \(input.bytes.count), \(sha256(input.bytes)),
                'used')
            """)
        for (n, start) in stride(from: 0, to: max(1, input.bytes.count), by: Upload.chunkSize).enumerated() {
            let chunk = Array(input.bytes[start...].prefix(Upload.chunkSize))
            try owner.execute("INSERT INTO upload_chunks (upload, n, bytes) VALUES (\(upload), \(n), \(chunk))")
        }
        try owner.execute(
            """
            INSERT INTO job_inputs (job, n, name, upload, size, sha256)
            VALUES (\(job), \(n), \(input.name), \(upload), \(input.bytes.count), \(sha256(input.bytes)))
            """)
    }

    struct JobRow: Equatable {
        var phase: String
        var reason: String?
        var providerID: String?
        var status: String?
        var isSettled: Bool
    }

    func job(_ id: UUID) throws -> JobRow {
        let row = try ask(
            "SELECT phase, phase_reason, provider_job_id, status, settled_at IS NOT NULL FROM jobs WHERE id = \(id)"
        ) {
            JobRow(
                phase: try $0.text(0), reason: try $0.textOptional(1), providerID: try $0.textOptional(2),
                status: try $0.textOptional(3), isSettled: try $0.bool(4))
        }
        return row ?? JobRow(phase: "none", isSettled: false)
    }

    // MARK: Asking

    func ask<Value>(_ sql: SQL, _ decode: (borrowing Row) throws -> Value) throws -> Value? {
        var connection = try database.connect(.superuser)
        return try connection.row(sql, decode)
    }

    func change(_ sql: SQL) throws {
        var connection = try database.connect(.superuser)
        try connection.execute(sql)
    }

    func count(_ sql: SQL) throws -> Int { try ask(sql) { try $0.int(0) } ?? 0 }

    /// Of the region's own record.
    func askRegion<Value>(_ sql: SQL, _ decode: (borrowing Row) throws -> Value) throws -> Value? {
        var connection = try region.database.connect(.superuser)
        return try connection.row(sql, decode)
    }

    func changeRegion(_ sql: SQL) throws {
        var connection = try region.database.connect(.superuser)
        try connection.execute(sql)
    }

    /// How often the region has accepted a job.
    func accepted(_ job: UUID) throws -> Int {
        try askRegion("SELECT count(*) FROM jobs WHERE name = \("bp-" + job.lower)") { try $0.int(0) } ?? 0
    }

    func order(fault kind: String, of operation: String, status: Int = 500, code: String = "InternalError") throws {
        try changeRegion(
            """
            INSERT INTO faults (operation, kind, milliseconds, status, code)
            VALUES (\(operation), \(kind), 20000, \(status), \(code))
            """)
    }

    // MARK: Tasks

    func bench() throws -> Workbench { try Workbench(configuration, stop: StopFlag()) }

    /// Enqueues a task unless it waits already, does it once, and answers the state of its row.
    @discardableResult
    func run(_ kind: TaskKind, _ arguments: JSONValue, at bench: inout Workbench) throws -> String {
        let key = kind.name + "/test"
        try bench.database.enqueue(
            kind: kind.name, arguments: JSONText(arguments.serialized()), lane: kind.lane, uniqueKey: key)
        return try runDue(kind, at: &bench)
    }

    /// Does the oldest waiting task of the kind, due or not.
    @discardableResult
    func runDue(_ kind: TaskKind, at bench: inout Workbench) throws -> String {
        try change(
            "UPDATE tasks SET run_at = now() - interval '1 s' WHERE state IN ('available', 'retryable') AND kind = \(kind.name)"
        )
        let claimed = try bench.database.claimTasks(kinds: [kind.name], lane: kind.lane, leaseMilliseconds: 60_000)
        guard let task = claimed.first else { return "none" }
        let thread = WorkerThread(lane: kind.lane, configuration: configuration, board: LeaseBoard(), stop: StopFlag())
        try thread.perform(task, &bench)
        return try ask("SELECT state FROM tasks WHERE id = \(task.id)") { try $0.text(0) } ?? "gone"
    }

    @discardableResult
    func run(_ kind: TaskKind, job: UUID) throws -> String {
        var bench = try bench()
        return try run(kind, ["job": .string(job.lower)], at: &bench)
    }

    static let place: JSONValue = ["account": "000000000000", "region": .string(regionName)]

    /// A survey that asks about every job on its way, however young.
    @discardableResult
    func track() throws -> String {
        try change("UPDATE limits SET value = 0 WHERE name = 'track.longestMilliseconds'")
        var bench = try bench()
        return try run(SurveyTask.kind, Self.place, at: &bench)
    }

    /// A job that the region has.
    func sent(_ job: NewJob = NewJob()) throws -> UUID {
        let id = try insert(job)
        try run(SubmitTask.kind, job: id)
        return id
    }
}

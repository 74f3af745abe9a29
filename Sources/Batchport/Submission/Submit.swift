import Cryptography
import FoundationEssentials
import JSON
import PostgreSQL
import Tasks
import Vault

/// From a request to a durable job: everything checked, then one transaction with the job, its inputs, its audit entry
/// and the task that sends it. Nothing has left the machine when this returns.
enum Submit {
    struct Prepared {
        let request: JobRequest
        let environment: BatchEnvironment
        let effective: EffectiveSettings
        let credential: UUID
        /// The one entered for this job alone, to be stored under that id.
        let entered: EnteredCredential?
        let inputs: [Input]
        /// Of an array only.
        let array: ArrayPlan?
    }

    struct Input {
        let name: String
        let content: JobRequest.InputFile.Content
        let size: Int64
        let sha256: [UInt8]
    }

    /// Checks it all, and throws every fault at once as 422.
    static func prepare(_ request: JobRequest, by person: UUID, in database: inout Connection) throws -> Prepared {
        let checked = try check(request, by: person, in: &database)
        guard checked.problems.isEmpty, let prepared = checked.prepared else { throw Failure.unfit(checked.problems) }
        return prepared
    }

    /// What a form shows: every fault, and the values in effect where they can be told.
    struct Checked {
        var problems: [Failure.Problem] = []
        var environment: BatchEnvironment?
        var effective: EffectiveSettings?
        /// How an array would be cut.
        var plan: ArrayPlan?
        var prepared: Prepared?
    }

    static func check(_ request: JobRequest, by person: UUID, in database: inout Connection) throws -> Checked {
        guard let environment = try database.usableEnvironment(request.environment) else {
            return Checked(
                problems: [.unknownEnvironment] + TextRules.problems("/name", "The name", request.name, longest: 128))
        }
        let rules = SubmissionRules(
            request, in: environment, codeLimit: try database.siteLimit("code.bytes", else: 262_144),
            inputsLimit: try database.siteLimit("inputs.count", else: 100))
        var checked = Checked(problems: rules.problems, environment: environment, effective: rules.effective)
        let credential = try signer(request, environment, person, &checked.problems, &database)
        checked.problems += try database.room(in: environment)
        let inputs = try inputs(request, environment, &checked.problems, &database)
        if request.jobType == "Array" {
            checked.plan = try ArrayRules.check(request, in: environment, &checked.problems, &database)
        } else if request.jobType == "Single" {
            checked.problems += ArrayRules.foreign(to: request)
        }
        if checked.problems.isEmpty, let effective = rules.effective, let credential {
            checked.prepared = Prepared(
                request: request, environment: environment, effective: effective, credential: credential,
                entered: request.credential, inputs: inputs, array: checked.plan)
        }
        return checked
    }

    /// Whose identity signs; of one that is entered now, the id that it will have.
    private static func signer(
        _ request: JobRequest, _ environment: BatchEnvironment, _ person: UUID, _ problems: inout [Failure.Problem],
        _ database: inout Connection
    ) throws -> UUID? {
        if environment.signer == .new {
            guard let entered = request.credential else {
                problems.append(.credentialMissing)
                return nil
            }
            problems += entered.problems
            return UUID()
        }
        if request.credential != nil { problems.append(.credentialNotTaken) }
        let credential =
            try environment.credential
            ?? database.automaticCredential(of: person, in: environment.account)
        if credential == nil { problems.append(.noCredential(environment.account)) }
        return credential
    }

    private static func inputs(
        _ request: JobRequest, _ environment: BatchEnvironment, _ problems: inout [Failure.Problem],
        _ database: inout Connection
    ) throws -> [Input] {
        let named = request.inputFiles.compactMap { file in
            if case .upload(let id) = file.content { id } else { nil }
        }
        let uploads = try database.usableUploads(named, in: environment.id)
        return request.inputFiles.compactMap { file in
            switch file.content {
            case .bytes(let bytes):
                return Input(name: file.name, content: file.content, size: Int64(bytes.count), sha256: sha256(bytes))
            case .upload(let id):
                guard let upload = uploads[id], let digest = upload.sha256, let size = upload.size else {
                    problems.append(.unknownUpload)
                    return nil
                }
                return Input(name: file.name, content: file.content, size: size, sha256: digest)
            }
        }
    }

    /// In the caller's transaction.
    static func store(
        _ prepared: Prepared, by person: UUID, sealing vaultKey: VaultPublicKey, in database: inout Connection
    ) throws -> UUID {
        let id = UUID()
        try database.enter(prepared.environment)
        try prepared.entered?.store(
            prepared.credential, for: id, owner: person, region: prepared.environment.region, vaultKey, in: &database)
        let elements = try prepared.array.map { try placeElements($0, prepared.environment, person, &database) }
        try database.execute(JobRow.insert(id: id, prepared, elements: elements, owner: person))
        if let plan = prepared.array { try database.execute(ArrayRow.children(of: id, plan)) }
        for (n, input) in prepared.inputs.enumerated() {
            let upload = try place(input, prepared.environment, person, &database)
            try database.execute(
                """
                INSERT INTO job_inputs (job, n, name, upload, size, sha256)
                VALUES (\(id), \(n)::int, \(input.name), \(upload), \(input.size), \(input.sha256))
                """)
        }
        try database.execute(
            Audit.entry(
                by: person, "job.submitted", on: "job", id,
                detail: ["name": .string(prepared.request.name), "environment": .string(prepared.environment.name)]))
        let environment = prepared.environment
        try database.enqueueSubmission(
            of: id, by: person, at: Place(account: environment.account, region: environment.region))
        return id
    }

    /// Marks the upload as used, or stores inline bytes as one that is.
    private static func place(
        _ input: Input, _ environment: BatchEnvironment, _ person: UUID, _ database: inout Connection
    ) throws -> UUID {
        switch input.content {
        case .upload(let id):
            let changed = try database.execute(
                "UPDATE uploads SET state = 'used' WHERE id = \(id) AND state IN ('complete', 'used')")
            guard changed == 1 else { throw Failure.conflict("An upload is being deleted with its job just now.") }
            return id
        case .bytes(let bytes):
            let id = try database.announceUpload(
                owner: person, environment: environment.id, name: input.name, size: input.size, sha256: input.sha256)
            var rest = bytes[...]
            _ = try database.receive(upload: id, limit: input.size, announced: nil) { most in
                defer { rest = rest.dropFirst(most) }
                return rest.isEmpty ? nil : Array(rest.prefix(most))
            }
            try database.execute("UPDATE uploads SET state = 'used' WHERE id = \(id)")
            return id
        }
    }
}

extension Failure.Problem {
    fileprivate static let credentialMissing = Failure.Problem(
        "/credential", "missing",
        "This environment signs with a credential that is entered for each submission: enter an access key.")
    fileprivate static let credentialNotTaken = Failure.Problem(
        "/credential", "notTaken", "This environment takes no credential with a submission: leave it out.")
    fileprivate static func noCredential(_ account: String) -> Failure.Problem {
        Failure.Problem(
            "/environment", "noCredential",
            "This environment signs with your own credential of the account \(account), and you have none yet: add one under "
                + "Credentials.")
    }
    fileprivate static let unknownUpload = Failure.Problem(
        "/inputFiles", "unknownUpload",
        "An upload named by an input file is not there, not complete, or of another environment or its bucket before.")
}

extension Connection {
    mutating func siteLimit(_ name: String, else fallback: Int) throws -> Int {
        try row("SELECT site_limit(\(name)) AS n") { try $0.value("n", as: Int?.self) }.flatMap(\.self) ?? fallback
    }

    /// Of that account: the default one, else one that works, else the oldest.
    mutating func automaticCredential(of person: UUID, in account: String) throws -> UUID? {
        try row("SELECT automatic_credential(\(person), \(account))") { try $0.uuidOptional(0) } ?? nil
    }
}

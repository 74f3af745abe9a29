import AWS
import FoundationEssentials
import JSON
import Logging
import PostgreSQL
import Tasks

/// What one sweep asks and has been told.
struct Sweep {
    let place: Place
    let task: ClaimedTask
    let pace: TrackingPace
    /// Whether there was anything to ask, and AWS answered.
    private(set) var hasAsked = false
    private(set) var answered = false
    private(set) var calls = 0
    /// AWS's lists took more calls than they saved, or could not be read.
    var listingFailed = false
    /// What is in the way of the whole account's sweep.
    var trouble: String?
    /// Ended jobs, to be captured in the order in which AWS will forget them.
    private var ended: [(stoppedAt: Int64, job: UUID)] = []
    private var newLogs: [UUID] = []

    init(place: Place, task: ClaimedTask, pace: TrackingPace) {
        self.place = place
        self.task = task
        self.pace = pace
    }

    static let idsPerCall = 100

    /// AWS throttles all users of an account together; on average we take no more than our share.
    var pauseMilliseconds: Int { max(1000 * calls / pace.callsPerSecond, trouble == nil ? 0 : 5000) }

    /// Asks about each job with its own credential.
    mutating func look(at jobs: [TrackedJob], _ bench: inout Workbench) throws {
        hasAsked = hasAsked || !jobs.isEmpty
        var rest = jobs[...]
        while let first = rest.first {
            let group = rest.prefix { $0.credential == first.credential }
            rest = rest.dropFirst(group.count)
            try look(at: Array(group), by: first.credential, &bench)
        }
    }

    /// The trouble of one credential is its jobs' only: the others' sweep goes on.
    private mutating func look(at jobs: [TrackedJob], by credential: UUID, _ bench: inout Workbench) throws {
        do {
            let key = try bench.openCredential(credential, for: use(for: jobs.count))
            var failures = 0
            for start in stride(from: 0, to: jobs.count, by: Self.idsPerCall) {
                try bench.stop.check()
                let page = Array(jobs[start...].prefix(Self.idsPerCall))
                guard try failures < 3 && !(describe(page, by: key, &bench)) else { continue }
                failures += 1
            }
        } catch let error as CredentialTrouble {
            try note(error.sentence, on: jobs, &bench)
        } catch let error as AWSError {
            try bench.suspect(credential, after: error)
            try note(error.sentenceWithRemedy, on: jobs, &bench)
        }
    }

    func use(for jobs: Int) -> SecretUse {
        SecretUse(
            person: nil, purpose: "track", reach: .looking,
            detail: [
                .init("account", .string(place.account)), .init("region", .string(place.region)),
                .init("jobs", JSONValue(jobs)),
            ])
    }

    /// Counts the call, and waits for its place among those of all workers.
    mutating func makeCall(_ call: PacedCall, _ bench: inout Workbench) throws {
        calls += 1
        try bench.awaitPlace(of: call, at: place)
    }

    /// Throws where the credential itself is refused. False where AWS did not answer, whatever the reason: the next
    /// sweep asks again, for ever.
    private mutating func describe(
        _ jobs: [TrackedJob], by key: AWSCredentials, _ bench: inout Workbench
    ) throws -> Bool {
        try makeCall(.describeJobs, &bench)
        let details: [JobDetail]
        do {
            details = try bench.aws.describeJobs(jobs.map(\.providerID), by: key, in: place.region)
        } catch {
            if error.isCredentialRefused || error.isAccessDenied { throw error }
            trouble = error.sentence
            return false
        }
        answered = true
        let found = Dictionary(details.map { ($0.jobID, $0) }) { first, _ in first }
        var words: [(job: UUID, word: Sighting)] = []
        var (absent, strange): ([UUID], [(UUID, String)]) = ([], [])
        for job in jobs {
            guard let detail = found[job.providerID] else {
                absent.append(job.id)
                continue
            }
            guard let word = Sighting(detail) else {
                strange.append((job.id, detail.status))
                continue
            }
            if job.isArray, try !readChildren(of: job, detail, by: key, &bench) { continue }
            if job.isNoted || job.sighting != word.digest { words.append((job.id, word)) }
        }
        try take(words, &bench)
        try miss(absent, &bench)
        for (job, status) in strange { try wonder(about: job, status, &bench) }
        return true
    }

    /// Where the server takes no offence, all at once; otherwise one by one, so that one job's odd facts hide no other's.
    private mutating func take(_ words: [(job: UUID, word: Sighting)], _ bench: inout Workbench) throws {
        if words.isEmpty { return }
        do {
            let pace = pace
            let applied = try bench.write(for: task) { try $0.apply(words, pace) }
            for job in applied {
                if job.isTerminal { ended.append((job.stoppedAt ?? .max, job.job)) }
                if job.hasNewLog { newLogs.append(job.job) }
            }
        } catch let error as PostgresError {
            guard error.kind == .statement, !error.isTransient else { throw error }
            bench.log.error("sighting not stored", metadata: ["error": "\(LoggedError.text(error))"])
            trouble = "Batchport could not store what AWS says about \(Words.count(words.count)) jobs."
            if words.count > 1 { for word in words { try take([word], &bench) } }
        }
    }

    /// AWS's answer leaves the jobs out: tolerated at first, then noted, then they are lost.
    private mutating func miss(_ jobs: [UUID], _ bench: inout Workbench) throws {
        if jobs.isEmpty { return }
        let pace = pace
        ended += try bench.write(for: task) { try $0.miss(jobs, pace) }.map { (.max, $0) }
    }

    private func wonder(about job: UUID, _ status: String, _ bench: inout Workbench) throws {
        try bench.write(for: task) { try $0.wonder(about: job, status, after: pace.troubleSeconds) }
    }

    private func note(_ sentence: String, on jobs: [TrackedJob], _ bench: inout Workbench) throws {
        try bench.write(for: task) { database in
            try database.execute(
                """
                UPDATE jobs SET phase_reason = \(sentence)
                WHERE id = ANY(\(jobs.map(\.id))) AND settled_at IS NULL AND phase_reason IS DISTINCT FROM \(sentence)
                """)
        }
    }

    /// What follows from it, together with what the sweep's task writes at its end.
    func finish(_ bench: inout Workbench, _ body: (inout Connection) throws -> Void) throws {
        let ended = ended.sorted { $0.stoppedAt < $1.stoppedAt }.map(\.job)
        try bench.write(for: task) { database in
            try database.enqueueEach(CaptureTask.kind, ended, behind: [place.gate(of: .s3), place.gate(of: .logs)])
            try database.enqueueEach(LogTask.kind, newLogs, behind: [place.gate(of: .logs)])
            try body(&database)
        }
    }
}

extension Connection {
    /// A task about each job, in their order.
    fileprivate mutating func enqueueEach(_ kind: TaskKind, _ jobs: [UUID], behind gates: [String]) throws {
        if jobs.isEmpty { return }
        try execute(
            """
            SELECT enqueue_task(\(kind.name), jsonb_build_object('job', job), \(kind.lane), NULL,
                \(kind.name) || '/' || job, 25, account || '/' || owner, \(gates)::text[])
            FROM unnest(\(jobs)) WITH ORDINALITY AS j (job, n) JOIN jobs ON jobs.id = job ORDER BY n
            """)
    }
}

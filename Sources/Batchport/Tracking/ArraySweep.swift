import AWS
import FoundationEssentials
import JSON
import PostgreSQL

/// An array as a sweep knows it: what AWS says of its parent, and how its children stand in our rows.
struct SweptArray {
    let job: TrackedJob
    /// The parent's own counts.
    let counts: [String: Int]
    private(set) var known: [Int: KnownChild]

    struct KnownChild {
        let status: String?
        let statusReason: String?
        let isUnseen: Bool
        var isOver: Bool { status == "Succeeded" || status == "Failed" }
    }

    init(_ job: TrackedJob, _ detail: JobDetail, known: [Int: KnownChild]) {
        self.job = job
        self.known = known
        counts = Self.counts(detail)
    }

    static func counts(_ detail: JobDetail) -> [String: Int] {
        let members = detail.arrayProperties?["statusSummary"]?.members ?? []
        let counted = members.compactMap { member in
            Sighting.words[member.name].flatMap { word in member.value.integer.map { (word, $0) } }
        }
        return Dictionary(counted.filter { $0.1 > 0 }) { first, _ in first }
    }

    /// Children whose end we do not have.
    var unfinished: Set<Int> { Set(known.filter { !$0.value.isOver }.keys) }

    /// What a list says of a child: a step forward can be taken as it is; a step back only once AWS has said how many
    /// attempts there were.
    func isForward(_ word: String, of k: Int) -> Bool {
        Sighting.rank(word) >= (known[k]?.status.map(Sighting.rank) ?? 0)
    }

    func isNews(_ word: ChildWord) -> Bool {
        guard let child = known[word.k] else { return false }
        return child.status != word.status || child.statusReason != word.statusReason || child.isUnseen
    }
}

/// Reading an array's children: those that have not ended by AWS's lists, a thousand a call; those that are in none of
/// them any more by name, a hundred a call. What has ended is never asked about again.
extension Sweep {
    /// False where it could not be finished: then the parent's own word waits for the next sweep.
    mutating func readChildren(
        of job: TrackedJob, _ detail: JobDetail, by key: AWSCredentials, _ bench: inout Workbench
    ) throws -> Bool {
        if detail.arrayProperties?["size"] == nil { return try readOnlyChild(of: job, detail, &bench) }
        let isOver = ["SUCCEEDED", "FAILED"].contains(detail.status)
        let recorded = try bench.database.childCounts(of: job.id)
        if recorded.counts == SweptArray.counts(detail), !isOver || recorded.unfinished == 0 { return true }
        let array = SweptArray(job, detail, known: try bench.database.knownChildren(of: job.id))
        do {
            var missing = array.unfinished
            let pages = try list(array, by: key, &missing, &bench)
            if !pages { return false }
            try describe(missing.sorted(), of: array, by: key, &bench)
        } catch let error as AWSError {
            if error.isCredentialRefused { throw error }
            trouble = error.sentence
            return false
        }
        let left = try bench.write(for: task) { try $0.countChildren(of: job.id) }
        return !isOver || left == 0
    }

    /// AWS has no array of one: the job's own word is its child's.
    private mutating func readOnlyChild(
        of job: TrackedJob, _ detail: JobDetail, _ bench: inout Workbench
    ) throws -> Bool {
        guard let word = ChildWord(only: detail) else { return true }
        try take([word], of: job.id, &bench)
        _ = try bench.write(for: task) { try $0.countChildren(of: job.id) }
        return true
    }

    /// Takes from `missing` whom a list names, unless its word must be weighed by attempts.
    private mutating func list(
        _ array: SweptArray, by key: AWSCredentials, _ missing: inout Set<Int>, _ bench: inout Workbench
    ) throws -> Bool {
        // By name it is as cheap.
        if missing.count <= Self.idsPerCall { return true }
        for status in ["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING"] {
            guard let word = Sighting.words[status], array.counts[word] != nil else { continue }
            var token: String?
            repeat {
                try bench.stop.check()
                try makeCall(.listJobs, &bench)
                let page: AWS.JobListPage
                do {
                    page = try bench.aws.jobs(
                        in: .array(array.job.providerID), status: status, after: token, by: key, in: place.region)
                } catch {
                    // Without the permission to list, each is asked about by name.
                    if error.isAccessDenied { return true }
                    throw error
                }
                var words: [ChildWord] = []
                for summary in page.jobs {
                    guard let child = ChildWord(summary), array.isForward(child.status, of: child.k) else { continue }
                    missing.remove(child.k)
                    if array.isNews(child) { words.append(child) }
                }
                try take(words, of: array.job.id, &bench)
                token = page.next
            } while token != nil
        }
        return true
    }

    private mutating func describe(
        _ children: [Int], of array: SweptArray, by key: AWSCredentials, _ bench: inout Workbench
    ) throws {
        for start in stride(from: 0, to: children.count, by: Self.idsPerCall) {
            try bench.stop.check()
            let page = children[start...].prefix(Self.idsPerCall)
            try makeCall(.describeJobs, &bench)
            let details = try bench.aws.describeJobs(
                page.map { "\(array.job.providerID):\($0)" }, by: key, in: place.region)
            let words = details.compactMap { ChildWord($0) }
            try take(words.filter { array.isNews($0) || $0.isOver }, of: array.job.id, &bench)
            let absent = Array(Set(page).subtracting(words.map(\.k)))
            if absent.isEmpty { continue }
            let (job, pace) = (array.job.id, pace)
            try bench.write(for: task) { try $0.miss(absent, of: job, pace) }
        }
    }

    private func take(_ words: [ChildWord], of job: UUID, _ bench: inout Workbench) throws {
        if words.isEmpty { return }
        let pace = pace
        try bench.write(for: task) { try $0.apply(words, toChildrenOf: job, pace) }
    }
}

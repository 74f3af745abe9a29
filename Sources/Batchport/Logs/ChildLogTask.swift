import AWS
import FoundationEssentials
import PostgreSQL
import Tasks

/// Fetches the logs of those of an array's children at which somebody looks while it runs: one task for all of them, and no
/// more than twenty at a time. Capturing the array takes all the others', and what is left of these.
enum ChildLogTask {
    static let kind = TaskKind("fetchChildLogs", run: run)
    private static let most = 20
    private static let longestMilliseconds = 300_000

    private struct Followed {
        let owner: UUID
        let credential: UUID
        let place: Place
        let providerID: String
        let isOne: Bool
        /// Running at the same account and region: they share its calls.
        let others: Int
    }

    private struct Looked {
        let k: Int
        /// It has ended, and AWS will bring no more lines of it.
        let isWhole: Bool
        /// AWS has named the stream of its last attempt.
        let hasStream: Bool
    }

    private static func run(_ task: ClaimedTask, _ bench: inout Workbench) throws -> TaskOutcome {
        let id = try task.id("job")
        guard let array = try followed(id, &bench.database) else { return .done }
        let children = try lookedAt(id, array, &bench)
        if children.isEmpty { return .done }
        do {
            let key = try bench.openCredential(array.credential, for: .job(id, of: array.owner, "log"))
            try askForStreams(of: children, id, array, by: key, for: task, &bench)
            let whole = Set(children.filter(\.isWhole).map(\.k))
            var lines = 0
            for place in try bench.database.logPlaces(of: id, children: children.map(\.k)) {
                lines += try bench.fetchLog(place, by: key, for: task)
                if whole.contains(place.child) { try bench.completeLog(place, for: task) }
            }
            if whole.count == children.count { return .done }
            let wait = 200 * max(array.others, children.count)
            return .again(afterMilliseconds: max(lines > 0 ? 1000 : 3000, min(longestMilliseconds, wait)))
        } catch let trouble as CredentialTrouble {
            return task.patiently(trouble.sentence)
        } catch let error as AWSError {
            try bench.suspect(array.credential, after: error)
            return error.isDefinite ? .done : task.patiently(error.description)
        }
    }

    /// AWS's lists do not name streams: of those whose stream is not known it is asked, in one call.
    private static func askForStreams(
        of children: [Looked], _ id: UUID, _ array: Followed, by key: AWSCredentials, for task: ClaimedTask,
        _ bench: inout Workbench
    ) throws {
        let unknown = children.filter { !$0.hasStream }
        // An array of one is one job at AWS, and described as such.
        if unknown.isEmpty || array.isOne { return }
        try bench.awaitPlace(of: .describeJobs, at: array.place)
        let details = try bench.aws.describeJobs(
            unknown.map { "\(array.providerID):\($0.k)" }, by: key, in: array.place.region)
        let words = details.compactMap { ChildWord($0) }
        if words.isEmpty { return }
        try bench.write(for: task) { database in
            try database.apply(words, toChildrenOf: id, try database.trackingPace())
            _ = try database.countChildren(of: id)
        }
    }

    private static func followed(_ id: UUID, _ database: inout Connection) throws -> Followed? {
        try database.row(
            """
            SELECT owner, \(fragment: Signer.ofJob) AS credential, account, region, provider_job_id, child_count = 1 AS is_one,
                (SELECT count(*) FROM jobs o WHERE o.account = j.account AND o.region = j.region
                    AND o.settled_at IS NULL AND o.status = 'Running') AS others
            FROM jobs j WHERE id = \(id) AND phase = 'sent' AND settled_at IS NULL AND provider_job_id IS NOT NULL
            """
        ) {
            Followed(
                owner: try $0.uuid("owner"), credential: try $0.uuid("credential"),
                place: Place(account: try $0.text("account"), region: try $0.text("region")),
                providerID: try $0.text("provider_job_id"), isOne: try $0.bool("is_one"), others: try $0.int("others"))
        }
    }

    /// The last looked at first; none whose log is whole already.
    private static func lookedAt(_ id: UUID, _ array: Followed, _ bench: inout Workbench) throws -> [Looked] {
        let isOwn = bench.configuration.endpoints.isOverridden(array.place.region)
        let lag = isOwn ? 0 : try bench.database.workerLimit("log.lagSeconds", else: 10)
        return try bench.database.rows(
            """
            SELECT c.k, ended.is_over AND coalesce(c.stopped_at, c.status_since) <= now() - \(lag) * interval '1 s' AS is_whole,
                EXISTS (SELECT FROM attempts a WHERE a.job = c.job AND a.child = c.k AND a.log_stream IS NOT NULL
                    AND (ended.is_over OR a.stopped_at IS NULL)) AS has_stream
            FROM child_looks l JOIN children c ON c.job = l.job AND c.k = l.child,
                LATERAL (SELECT c.status IN ('Succeeded', 'Failed') AS is_over) AS ended
            WHERE l.job = \(id) AND l.at > now() - site_limit('track.lookSeconds') * interval '1 s' AND NOT c.lost
                AND (c.status = 'Running' OR ended.is_over AND EXISTS (SELECT FROM attempts a
                    LEFT JOIN logs g ON g.job = a.job AND g.child = a.child AND g.attempt = a.n
                    WHERE a.job = c.job AND a.child = c.k AND a.log_stream IS NOT NULL AND NOT coalesce(g.complete, false)))
            ORDER BY l.at DESC LIMIT \(most)
            """
        ) { Looked(k: try $0.int(0), isWhole: try $0.bool(1), hasStream: try $0.bool(2)) }
    }
}

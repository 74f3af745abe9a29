import AWS
import FoundationEssentials
import JSON
import Logging
import PostgreSQL
import Tasks

/// The slow sweep over an account and region: every job on its way whose turn comes at the longest interval. Where there
/// are many, AWS's own lists tell which of them have changed, a thousand a call, and only those are asked about.
enum SurveyTask {
    static let kind = TaskKind("survey", run: run)

    private static func run(_ task: ClaimedTask, _ bench: inout Workbench) throws -> TaskOutcome {
        let (place, start) = (try Place(task), ContinuousClock.now)
        let pace = try bench.database.trackingPace()
        let last = try bench.database.lastSweep(of: place)
        let jobs = try bench.database.jobsOnTheirWay(of: place, pace)
        var sweep = Sweep(place: place, task: task, pace: pace)
        let changed = try last.listingPauses ? nil : changed(among: jobs, &sweep, &bench)
        try sweep.look(at: changed ?? jobs.filter(\.isSlow), &bench)
        try sweep.finish(&bench) { [sweep] database in
            try database.record(sweep, at: last.now, isSurvey: true)
            guard try database.milliseconds(untilSweepOf: place, pace) != nil else {
                return try database.finish(task.lease)
            }
            // From one beginning to the next: what is behind the first call waits no longer than what is before the last.
            let gone = Int((ContinuousClock.now - start) / .milliseconds(1))
            let wait = max(pace.longest, sweep.pauseMilliseconds) - gone
            let least = sweep.trouble == nil ? pace.shortest : 5000
            try database.repeatTask(task.lease, afterMilliseconds: max(wait, least))
        }
        return .settled
    }

    /// Nil where asking about each is as cheap, or listing did not work.
    private static func changed(
        among jobs: [TrackedJob], _ sweep: inout Sweep, _ bench: inout Workbench
    ) throws -> [TrackedJob]? {
        var list = QueueListing(jobs: jobs)
        guard list.isWorthwhile else { return nil }
        do {
            let isComplete = try list.read(&sweep, &bench)
            if isComplete { return list.changed }
        } catch let error as AWSError {
            bench.log.notice("jobs not listed", metadata: ["error": "\(error)"])
        } catch is CredentialTrouble {}
        sweep.listingFailed = true
        return nil
    }
}

extension Connection {
    mutating func enqueueSurvey(of place: Place, afterMilliseconds wait: Int) throws {
        let arguments: JSONValue = ["account": .string(place.account), "region": .string(place.region)]
        let due = try row("SELECT now() + \(wait) * interval '1 ms'") { try $0.value(0, as: Timestamp.self) }
        try enqueue(
            kind: SurveyTask.kind.name, arguments: JSONText(arguments.serialized()), runAt: due,
            uniqueKey: "\(SurveyTask.kind.name)/\(place.account)/\(place.region)",
            gates: [place.gate(of: .batch)])
    }
}

import FoundationEssentials
import PostgreSQL

/// Whether an environment takes one more job.
extension Connection {
    /// What its limits on the number of jobs say now; another submission may be faster.
    mutating func room(in environment: BatchEnvironment) throws -> [Failure.Problem] {
        guard environment.limits.countsJobs else { return [] }
        let full = try row("SELECT environment_is_full(\(environment.id)) AS full_limits") {
            try $0.value("full_limits", as: [String].self)
        }
        return (full ?? []).map(environment.limits.problem)
    }

    /// The way in, in the transaction that stores the job: until its end nobody edits or deletes the environment, and
    /// where jobs are counted, they come in one after the other.
    mutating func enter(_ environment: BatchEnvironment) throws {
        let found = try row("SELECT version, full_limits FROM enter_environment(\(environment.id))") {
            (version: try $0.int("version"), full: try $0.value("full_limits", as: [String].self))
        }
        guard let found, found.version == environment.version else { throw Failure.environmentChanged }
        if !found.full.isEmpty { throw Failure.unfit(found.full.map(environment.limits.problem)) }
    }
}

extension BatchEnvironment.Limits {
    fileprivate var countsJobs: Bool {
        (concurrentJobs ?? concurrentJobsPerPerson ?? jobsPerDay ?? jobsPerDayPerPerson ?? own[.concurrentJobs]
            ?? own[.jobsPerDay]) != nil
    }

    fileprivate func problem(_ name: String) -> Failure.Problem {
        let (limit, what, isCounted): (Int?, String, String) =
            switch name {
            case "concurrentJobs": (concurrentJobs, "may be on their way here at once", "are")
            case "concurrentJobsPerPerson":
                (concurrentJobsPerPerson, "of one person may be on their way here at once", "of yours are")
            case "jobsPerDay": (jobsPerDay, "may be submitted here within 24 hours", "were")
            case "personConcurrentJobs":
                (own[.concurrentJobs], "of yours may be on their way at once, in all environments together", "are")
            case "personJobsPerDay":
                (own[.jobsPerDay], "may be submitted by you within 24 hours, in all environments together", "were")
            default: (jobsPerDayPerPerson, "of one person may be submitted here within 24 hours", "of yours were")
            }
        return .init("/environment", name, Self.sentence(limit ?? 0, what, isCounted), limit: limit)
    }

    private static func sentence(_ limit: Int, _ what: String, _ isCounted: String) -> String {
        if limit == 1 {
            let one = what.replacing("on their way", with: "on its way")
            return "At most one job \(one), and there \(isCounted.hasSuffix("were") ? "was" : "is") one already."
        }
        return "At most \(Words.count(limit)) jobs \(what), and so many \(isCounted)."
    }
}

extension Failure {
    fileprivate static var environmentChanged: Failure {
        var failure = conflict("The environment was changed just now. Nothing was stored; send it again.")
        failure.problems = [.init("/environment", "changed", failure.detail)]
        return failure
    }
}

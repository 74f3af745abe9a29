import AWS
import FoundationEssentials
import PostgreSQL
import Tasks

/// The way to AWS, as phases of the job's row (trust.md section 5):
///
///     queued → sending → sent          one intent, one attempt, a definite yes
///                      → refused       a definite no
///                      → queued        a definite "not now": nothing was sent, or too many requests
///                      → checking      no definite answer, or the worker ended meanwhile
///     checking → sent | queued         after the bound, by AWS's own list
///     queued → held                    something must be mended first (`Hold`); mending it goes on
///     queued, held, checking → neverSent
enum SubmitTask {
    static let kind = TaskKind("submit", run: run)

    private static func run(_ task: ClaimedTask, _ bench: inout Workbench) throws -> TaskOutcome {
        let id = try task.id("job")
        while true {
            try bench.stop.check()
            guard let job = try bench.submission(id) else { return .discard(reason: "there is no such job") }
            do {
                if let outcome = try step(job, task, &bench) { return outcome }
            } catch let sealed as VaultSealed where job.phase != "checking" {
                try bench.hold(job, Hold(sealed.seal), for: task)
                return .done
            } catch let trouble as CredentialTrouble {
                return try afterTrouble(Hold(trouble), job, task, &bench)
            } catch let error as AWSError {
                return try afterRefusal(of: job, error, task, &bench)
            } catch let gone as InputGone {
                try bench.refuse(job, gone.sentence, for: task)
                return .done
            }
        }
    }

    /// Nil when the job is to be looked at again at once.
    private static func step(
        _ job: Submission, _ task: ClaimedTask, _ bench: inout Workbench
    ) throws -> TaskOutcome? {
        switch job.phase {
        case "queued", "held": return try Sending.attempt(job, task, &bench)
        case "sending":
            try bench.doubt(job, "The worker ended while sending: AWS is asked whether it has the job.", for: task)
            return nil
        case "checking": return try Adoption.attempt(job, task, &bench)
        default: return .done
        }
    }

    /// The credential cannot sign. A job that AWS may have stays `checking` and is looked after again.
    private static func afterTrouble(
        _ trouble: Hold, _ job: Submission, _ task: ClaimedTask, _ bench: inout Workbench
    ) throws -> TaskOutcome {
        if job.phase == "checking" {
            try bench.note(trouble.sentence, on: job.id, for: task)
            return task.patiently(trouble.sentence)
        }
        try bench.hold(job, trouble, for: task)
        return .done
    }

    /// What a failed call other than SubmitJob, or a definite no of that one, makes of the job.
    private static func afterRefusal(
        of job: Submission, _ error: AWSError, _ task: ClaimedTask, _ bench: inout Workbench
    ) throws -> TaskOutcome {
        if error.isCredentialRefused { return try afterTrouble(Hold(refusedWith: error.sentence), job, task, &bench) }
        if error.isDefinite, job.phase != "checking" {
            try bench.refuse(job, sentence(error, job), for: task)
            return .done
        }
        try bench.note(error.sentence, on: job.id, for: task)
        // All workers have slowed down for it; how soon it is its turn again is their common rate's to say.
        if error.isThrottling { return .again(afterMilliseconds: Int.random(in: 0...1000)) }
        return task.patiently(error.description)
    }
}

extension SubmitTask {
    /// A job is sent with the revision that it was shown with: where that was deregistered since, it says what helps.
    private static func sentence(_ error: AWSError, _ job: Submission) -> String {
        let message = error.message.lowercased()
        guard error.operation == "SubmitJob",
            message.contains("jobdefinition") || message.contains("job definition")
        else { return error.sentence }
        let revision = job.definition.split(separator: "/").last.map(String.init) ?? job.definition
        return error.sentence
            + " The job was made for revision \(revision) of its definition, which takes no jobs (any "
            + "more): an admin can check the environment, which then takes the newest, and the job be submitted again."
    }
}

extension Workbench {
    mutating func submission(_ id: UUID) throws -> Submission? {
        try database.submission(
            id, requestMilliseconds: requestMilliseconds, boundSeconds: configuration.boundSeconds)
    }
}

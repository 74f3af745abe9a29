import FoundationEssentials
import JSON
import PostgreSQL
import Tasks

/// One kind of task: its name, whether somebody waits for it, and what does it.
struct TaskKind: Sendable {
    let name: String
    let lane: Lane
    let run: @Sendable (ClaimedTask, inout Workbench) throws -> TaskOutcome

    init(
        _ name: String, lane: Lane = .ordinary,
        run: @escaping @Sendable (ClaimedTask, inout Workbench) throws -> TaskOutcome
    ) {
        self.name = name
        self.lane = lane
        self.run = run
    }

    /// All that a worker does, from each feature.
    static let all: [TaskKind] = [
        SubmitTask.kind, DoubtTask.kind, TrackTask.kind, SurveyTask.kind, StopTask.kind, CaptureTask.kind, LogTask.kind,
        ForgetTask.kind, CredentialCheck.kind, SecretReplacement.kind, PortalCheck.kind, EnvironmentCheck.kind,
        PresignTask.kind, UploadCheck.kind, ChildLogTask.kind,
        UploadReading.kind, UploadRemoval.kind, DestroyOwnerKey.kind, StopChildTask.kind, ResultsTask.kind,
        DeletionTask.kind, RotationTask.kind,
    ]

    static func names(_ lane: Lane) -> [String] { all.filter { $0.lane == lane }.map(\.name) }
}

/// A task whose arguments are not as its kind expects: it is discarded.
struct UnreadableArguments: Error {
    let name: String
}

extension ClaimedTask {
    func text(_ name: String) throws -> String {
        guard let value = try? JSONValue.parse(arguments.bytes), let text = value[name]?.string else {
            throw UnreadableArguments(name: name)
        }
        return text
    }

    func id(_ name: String) throws -> UUID {
        guard let id = UUID(uuidString: try text(name)) else { throw UnreadableArguments(name: name) }
        return id
    }
}

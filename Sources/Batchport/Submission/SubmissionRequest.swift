import AWS
import Cryptography
import FoundationEssentials
import JSON
import JobManifest

/// SubmitJob's input for a job, and why AWS would not take it or take it and fail.
struct SubmissionRequest {
    static let maxPayloadBytes = 30 * 1024
    static let variable = "BATCHPORT_JOB"

    let input: SubmitJobInput

    /// - Parameter manifest: the SHA-256 of the runner's manifest. All jobs of a definition share its role, so that another
    ///   job can write where this one's files lie: the runner runs nothing but what was submitted.
    init(_ job: Submission, manifest: [UInt8]?) {
        let address = ManifestAddress(bucket: job.bucket, keys: job.keys)
        // With the runner, code and variables lie in the bucket: no length of theirs counts here.
        var environment = job.hasRunner ? [:] : job.variables
        environment[Self.variable] = job.id.lower
        environment[ManifestAddress.digestVariable] = manifest.map { hex($0) }
        var input = SubmitJobInput(
            jobName: job.providerName, jobQueue: job.queue, jobDefinition: job.definition)
        input.command = job.hasRunner ? address.command : job.argv
        input.environment = environment.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        input.memoryMiB = Self.override("memory", job.effective)
        input.vcpus = Self.override("vcpus", job.effective).map(String.init)
        input.gpus = Self.override("gpus", job.effective)
        input.timeoutSeconds = job.timeConstraint ?? Self.override("timeConstraint", job.effective)
        // AWS has no array of one: that child is sent as a job of its own.
        input.arraySize = job.array.flatMap { $0.spans.children > 1 ? $0.spans.children : nil }
        let ours = [
            Adoption.tag: job.id.lower, "batchport:environment": job.environment.name,
            "batchport:owner": job.owner.lower,
        ]
        input.tags = job.tags.merging(ours) { $1 }
        self.input = input
    }

    /// Only what differs from the definition: what is inherited is the definition's to say.
    private static func override(_ name: String, _ effective: JSONValue) -> Int? {
        guard let setting = effective[name], setting["overridden"]?.bool == true else { return nil }
        return setting["value"]?.integer.flatMap { $0 > 0 ? $0 : nil }
    }

    /// A sentence for the job's reason; nil when it may be sent.
    var problem: String? {
        if input.overridesLength > SubmitJobInput.longestOverrides {
            return
                "The command and its variables take \(Words.count(input.overridesLength)) characters; AWS takes at most "
                + "\(Words.count(SubmitJobInput.longestOverrides))."
        }
        let payload = input.json.serialized().count
        if payload > Self.maxPayloadBytes {
            return "The submission takes \(Words.count(payload)) bytes; AWS takes at most "
                + "\(Words.count(Self.maxPayloadBytes))."
        }
        return nil
    }
}

import ArgumentParser
import Batchport

struct AddEnvironment: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Adds an environment and prints its id; the worker checks one with a shared credential at once.",
        discussion: "What is not given is as the local region has it.")

    @OptionGroup var settingsOption: SettingsOption
    @OptionGroup var ifAbsent: IfAbsentOption
    @Option(help: "Small letters, digits and hyphens.") var name: String
    @Option var description = ""
    @Option(help: "Where it is given, the ARNs must agree with it.") var region: String?
    @Option(help: "Where it is given, the ARNs must agree with it: 12 digits.") var account: String?
    @Option(help: "The bucket for code, inputs and outputs.") var bucket = "batchport-local"
    @Option(help: "In front of every key in the bucket.") var prefix = "batchport/"
    @Option(help: "Its ARN, with or without a revision.")
    var jobDefinition = "arn:aws:batch:us-local-1:000000000000:job-definition/batchport-runner"
    @Option(help: "Its ARN.") var jobQueue = "arn:aws:batch:us-local-1:000000000000:job-queue/local"
    @Option(help: "The name of a shared credential; without it each person's default one signs.") var credential:
        String?
    @Option(help: "The e-mail address of the shared credential's owner.") var owner: String?
    @Option(help: "Some of python,shell,wolfram,command.") var languages = "python,shell,command"
    @Option(name: .customLong("mib-per-vcpu"), help: "Memory for each vCPU where a job says none.") var mibPerVCPU =
        2048
    @Option(name: .customLong("mib-per-gpu"), help: "Memory for each GPU where a job says none.") var mibPerGPU = 8192
    @Option(name: .customLong("floor-mib"), help: "The least memory of a job.") var floorMiB = 512
    @Option(name: .customLong("max-memory-mib")) var maxMemoryMiB = 2048
    @Option(name: .customLong("max-vcpus")) var maxVCPUs = 2
    @Option(name: .customLong("max-gpus")) var maxGPUs = 0
    @Option(help: "The longest time limit of a job; without it any.") var maxSeconds: Int?
    @Option(help: "Larger input files go straight to the bucket.") var inlineBytes = 64 << 20
    @Option(help: "The largest input file.") var maxUploadBytes = 5 << 30
    @Option(help: "Who may use it: everyone, or an e-mail address. May be repeated.") var grant = ["everyone"]

    func validate() throws {
        if (credential == nil) != (owner == nil) {
            throw ValidationError("--credential and --owner belong together.")
        }
    }

    func run() throws {
        let entry = entry
        let shared = credential.flatMap { name in owner.map { Administration.Shared(owner: $0, name: name) } }
        try settingsOption.add(ifAbsent) { _, database in
            try Administration.add(entry, signedBy: shared, in: &database)
        }
    }

    private var entry: EnvironmentEntry {
        var entry = EnvironmentEntry()
        (entry.name, entry.about) = (name, description)
        (entry.region, entry.account) = (region, account)
        (entry.ioBucket, entry.prefix) = (bucket, prefix)
        (entry.jobDefinition, entry.jobQueue) = (jobDefinition, jobQueue)
        entry.languages = languages.split(separator: ",").map(String.init)
        entry.memoryRule.mibPerVCPU = mibPerVCPU
        entry.memoryRule.mibPerGPU = mibPerGPU
        entry.memoryRule.floorMiB = floorMiB
        entry.limits.memoryMiB = maxMemoryMiB
        entry.limits.vcpus = maxVCPUs
        entry.limits.gpus = maxGPUs
        entry.limits.seconds = maxSeconds
        entry.limits.inlineBytes = Int64(inlineBytes)
        entry.limits.uploadBytes = Int64(maxUploadBytes)
        entry.grants = grant.map { $0 == "everyone" ? .everyone : .person($0) }
        return entry
    }
}

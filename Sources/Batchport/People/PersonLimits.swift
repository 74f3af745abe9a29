import FoundationEssentials
import JSON
import PostgreSQL

/// What an admin allows one person wherever they submit, besides what each environment allows everybody: the smaller
/// decides. What is not there is no limit.
struct PersonLimits: Equatable, Sendable {
    enum Name: String, CaseIterable, Sendable {
        case memory, vcpuCount, gpuCount, timeConstraint, arraySize, concurrentJobs, jobsPerDay, uploadBytes

        var label: String {
            switch self {
            case .memory: "Memory, MiB"
            case .vcpuCount: "vCPUs"
            case .gpuCount: "GPUs"
            case .timeConstraint: "Time, seconds"
            case .arraySize: "Children of an array"
            case .concurrentJobs: "Jobs at once"
            case .jobsPerDay: "Jobs in 24 hours"
            case .uploadBytes: "Input file, bytes"
            }
        }

        /// As for an environment's limit of that name.
        var range: ClosedRange<Int> {
            switch self {
            case .memory: 4...Int(Int32.max)
            case .gpuCount: 0...Int(Int32.max)
            case .timeConstraint: 60...Int(Int32.max)
            case .arraySize: 1...SplitMethod.mostChildren
            case .uploadBytes: 0...EnvironmentRules.largestFile
            case .vcpuCount, .concurrentJobs, .jobsPerDay: 1...Int(Int32.max)
            }
        }
    }

    private var values: [Name: Int] = [:]

    subscript(name: Name) -> Int? {
        get { values[name] }
        set { values[name] = newValue }
    }

    init() {}

    init(_ text: JSONText) throws {
        let object = try JSONValue.parse(text.bytes)
        for name in Name.allCases { values[name] = object[name.rawValue]?.integer }
    }

    /// Without those that are not set.
    var json: JSONValue {
        .object(Name.allCases.compactMap { name in values[name].map { .init(name.rawValue, JSONValue($0)) } })
    }
}

extension BatchEnvironment.Limits {
    /// Whatever is smaller for this person is theirs: `own` says which.
    mutating func narrow(to person: PersonLimits) {
        vcpus = smaller(vcpus, .vcpuCount, person)
        gpus = smaller(gpus, .gpuCount, person)
        memoryMiB = smaller(memoryMiB, .memory, person)
        arraySize = smaller(arraySize, .arraySize, person)
        uploadNumber = smaller(uploadNumber, .uploadBytes, person)
        inlineBytes = min(inlineBytes, uploadBytes)
        let time = smaller(seconds ?? .max, .timeConstraint, person)
        seconds = time == .max ? nil : time
        for name in [PersonLimits.Name.concurrentJobs, .jobsPerDay] { own[name] = person[name] }
    }

    private mutating func smaller(_ value: Int, _ name: PersonLimits.Name, _ person: PersonLimits) -> Int {
        guard let most = person[name], most < value else { return value }
        own[name] = most
        return most
    }

    /// Ends a sentence about a limit: whose it is.
    func allowed(_ name: PersonLimits.Name) -> String {
        own[name] == nil ? "allowed here" : "allowed to you, wherever you submit"
    }
}

extension Connection {
    /// The asker's own.
    mutating func ownLimits() throws -> PersonLimits {
        try row("SELECT limits FROM people WHERE id = uid()") { try PersonLimits(try $0.json(0)) } ?? PersonLimits()
    }
}

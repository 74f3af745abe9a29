import FoundationEssentials
import JobManifest

/// Everything that can be known to be wrong with an environment before AWS is asked, all of it at once.
struct EnvironmentRules {
    let entry: EnvironmentEntry
    /// Regions that have endpoints in the settings file; nil takes any well-formed region.
    let endpoints: Set<String>?

    /// What S3 takes in one piece.
    static let largestFile = 5 << 30

    private(set) var problems: [Failure.Problem] = []
    private(set) var definition: BatchARN?
    private(set) var queue: BatchARN?

    init(_ entry: EnvironmentEntry, endpoints: Set<String>?) {
        self.entry = entry
        self.endpoints = endpoints
        checkNames()
        checkPlace()
        checkLanguages()
        checkMemoryRule()
        checkLimits()
        checkTags()
        checkVariables()
        if entry.grants.isEmpty { refuse("/grants", "empty", "Somebody must be allowed to use it.") }
    }

    private mutating func refuse(_ pointer: String, _ code: String, _ message: String, limit: Int? = nil) {
        problems.append(.init(pointer, code, message, limit: limit))
    }

    private mutating func checkNames() {
        let letters = entry.name.utf8.allSatisfy {
            (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-")
        }
        if entry.name.isEmpty {
            refuse("/name", "empty", "The name is missing.")
        } else if !letters || entry.name.utf8.count > 63 || entry.name.hasPrefix("-") {
            refuse(
                "/name", "malformed",
                "The name must have 1 to 63 small letters, digits and hyphens, and not begin with a hyphen.", limit: 63)
        }
        for (field, text) in [("description", entry.about), ("disabledMessage", entry.disabledMessage)]
        where !text.isEmpty {
            problems += TextRules.problems("/" + field, "This text", text, longest: 500)
        }
    }

    /// Without all three there is no environment (jobs.md); the region comes from the ARNs.
    private mutating func checkPlace() {
        if let fault = BucketName.fault(in: entry.ioBucket) {
            refuse("/ioBucket", entry.ioBucket.isEmpty ? "missing" : "malformed", fault)
        }
        if !BucketName.isPrefix(entry.prefix) {
            refuse(
                "/prefix", "malformed",
                "The prefix must be empty, or folders of letters, digits, . _ and -, each with a / behind it, at most 256 characters in all.",
                limit: 256)
        }
        definition = arn("/jobDefinition", entry.jobDefinition, .jobDefinition)
        queue = arn("/jobQueue", entry.jobQueue, .jobQueue)
        if let definition, let queue {
            agree("/jobQueue", "partition", definition.partition, queue.partition, "the job queue")
            agree("/jobQueue", "region", definition.region, queue.region, "the job queue")
            agree("/jobQueue", "account", definition.account, queue.account, "the job queue")
        }
        guard let place = definition ?? queue else { return }
        if let region = entry.region { agree("/region", "region", place.region, region, "the environment") }
        if let account = entry.account { agree("/account", "account", place.account, account, "the environment") }
    }

    private mutating func arn(_ pointer: String, _ text: String, _ kind: BatchARN.Kind) -> BatchARN? {
        do {
            return try BatchARN(text, kind, isKnown: endpoints?.contains(Self.region(in: text)) ?? true)
        } catch {
            refuse(pointer, text.isEmpty ? "missing" : "malformed", error.sentence)
            return nil
        }
    }

    private static func region(in arn: String) -> String {
        let parts = arn.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count > 3 ? String(parts[3]) : ""
    }

    private mutating func agree(
        _ pointer: String, _ what: String, _ first: String, _ second: String, _ whose: String
    ) {
        if first == second { return }
        refuse(
            pointer, "disagrees",
            "The \(what) of the job definition is \(first), that of \(whose) \(second.prefix(64)): they must be one.")
    }

    private mutating func checkLanguages() {
        let known = Language.allCases.map(\.rawValue)
        if entry.languages.isEmpty {
            refuse("/languages", "empty", "The languages must be some of \(known.joined(separator: ", ")).")
        }
        for language in entry.languages where !known.contains(language) {
            refuse(
                "/languages", "unknown",
                "There is no language \(language.prefix(64)); there are \(known.joined(separator: ", ")).")
        }
        if Set(entry.languages).count != entry.languages.count {
            refuse("/languages", "duplicate", "A language is named twice.")
        }
    }

    private mutating func checkMemoryRule() {
        let rule = entry.memoryRule
        check("/memoryRule/mibPerVCPU", "The memory for each vCPU", rule.mibPerVCPU, atLeast: 0)
        check("/memoryRule/mibPerGPU", "The memory for each GPU", rule.mibPerGPU, atLeast: 0)
        check("/memoryRule/floorMiB", "The least memory", rule.floorMiB, atLeast: 4)
    }

    private mutating func checkLimits() {
        let limits = entry.limits
        check("/limits/memory", "The most memory", limits.memoryMiB, atLeast: 4)
        if limits.memoryMiB >= 4, limits.memoryMiB < entry.memoryRule.floorMiB {
            refuse(
                "/limits/memory", "tooSmall", "The most memory must not be below the rule's least, in MiB.",
                limit: entry.memoryRule.floorMiB)
        }
        check("/limits/vcpuCount", "The most vCPUs", limits.vcpus, atLeast: 1)
        check("/limits/gpuCount", "The most GPUs", limits.gpus, atLeast: 0)
        check("/limits/timeConstraint", "The longest time, in seconds,", limits.seconds, atLeast: 60)
        check("/limits/arraySize", "The largest array", limits.arraySize, atLeast: 1, atMost: 10_000)
        check("/limits/concurrentJobs", "The most jobs at once", limits.concurrentJobs, atLeast: 1)
        check(
            "/limits/concurrentJobsPerPerson", "The most jobs at once of one person", limits.concurrentJobsPerPerson,
            atLeast: 1)
        check("/limits/jobsPerDay", "The most jobs a day", limits.jobsPerDay, atLeast: 1)
        check(
            "/limits/jobsPerDayPerPerson", "The most jobs a day of one person", limits.jobsPerDayPerPerson, atLeast: 1)
        let largest = EnvironmentRules.largestFile
        check(
            "/limits/inlineBytes", "The largest file through Batchport", Int(limits.inlineBytes), atLeast: 0,
            atMost: largest)
        check("/limits/uploadBytes", "The largest file", Int(limits.uploadBytes), atLeast: 0, atMost: largest)
    }

    /// The largest is what a column holds, unless AWS has less.
    private mutating func check(
        _ pointer: String, _ what: String, _ value: Int?, atLeast least: Int, atMost most: Int = Int(Int32.max)
    ) {
        guard let value else { return }
        if value < least {
            refuse(pointer, "tooSmall", "\(what) must be at least \(Words.count(least)).", limit: least)
        } else if value > most {
            refuse(pointer, "tooLarge", "\(what) may be at most \(Words.count(most)).", limit: most)
        }
    }

    private mutating func checkTags() {
        problems += TagRules.problems(
            "/forcedTags", entry.forcedTags.map { ($0.key, $0.value) }, atMost: TagRules.mostForced)
    }

    private mutating func checkVariables() {
        var size = 0
        for (name, variable) in entry.variables.sorted(by: { $0.key < $1.key }) {
            if let fault = VariableName.refusal(of: name) {
                refuse("/variables", "malformed", "The variable \u{201C}\(name.prefix(64))\u{201D} \(fault).")
            }
            switch variable {
            case .plain(let text), .sealed(let text?):
                size += name.utf8.count + text.utf8.count
                if text.utf8.contains(0) {
                    refuse("/variables", "controlCharacter", "The variable \(name.prefix(64)) holds a NUL character.")
                }
            case .sealed(nil): size += name.utf8.count
            }
        }
        if size > VariableRules.mostCharacters {
            refuse(
                "/variables", "tooLong",
                "Variables may have at most \(Words.count(VariableRules.mostCharacters)) characters in all.",
                limit: VariableRules.mostCharacters)
        }
    }
}

enum VariableRules {
    /// Without the runner they travel in the container overrides, which AWS caps at 8,192 characters.
    static let mostCharacters = 3000
}

/// Tags of a job at AWS: at most 50, of which the person's own are 40, three ours, and the rest the environment's.
enum TagRules {
    static let mostForced = 7

    static func problems(
        _ pointer: String, _ tags: [(name: String, value: String)], atMost most: Int
    ) -> [Failure.Problem] {
        var problems: [Failure.Problem] = []
        if tags.count > most {
            problems.append(.init(pointer, "tooMany", "There may be at most \(most) tags.", limit: most))
        }
        for tag in tags {
            guard let fault = fault(in: tag) else { continue }
            let shown = TextRules.shown(tag.name)
            problems.append(.init(pointer, "malformed", "The tag \u{201C}\(shown)\u{201D} \(fault)."))
        }
        return problems
    }

    /// Completes "The tag …".
    private static func fault(in tag: (name: String, value: String)) -> String? {
        let name = tag.name.lowercased()
        if name.isEmpty { return "has no name, which must have 1 to 128 characters" }
        if tag.name.unicodeScalars.count > 128 { return "has a name of more than 128 characters" }
        if tag.value.unicodeScalars.count > 256 { return "has a value of more than 256 characters" }
        if name.hasPrefix("aws:") || name.hasPrefix("batchport:") {
            return "begins with aws: or batchport:, which are kept for others"
        }
        return TextRules.isPlain(tag.name + tag.value) ? nil : "holds control characters"
    }
}

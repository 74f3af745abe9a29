import FoundationEssentials
import HTTP
import JSON

/// The form of an environment as it was typed, so that it can be shown again as it was. Values of sealed variables are
/// the exception: they are shown to nobody.
struct EnvironmentForm {
    /// Single fields, by name.
    var texts: [String: String] = [:]
    var languages: Set<String> = []
    var isForEveryone = false
    /// Names of sealed variables that stay.
    var kept: Set<String> = []
    private var sealed = ""

    typealias Number = (
        name: String, what: String, pointer: String, path: any WritableKeyPath<EnvironmentEntry, Int> & Sendable
    )
    typealias Limit = (
        name: String, what: String, path: any WritableKeyPath<EnvironmentEntry, Int?> & Sendable
    )

    static let numbers: [Number] = [
        ("mibPerVCPU", "The memory for each vCPU", "/memoryRule", \.memoryRule.mibPerVCPU),
        ("mibPerGPU", "The memory for each GPU", "/memoryRule", \.memoryRule.mibPerGPU),
        ("floorMiB", "The least memory", "/memoryRule", \.memoryRule.floorMiB),
        ("memory", "The most memory", "/limits", \.limits.memoryMiB),
        ("vcpuCount", "The most vCPUs", "/limits", \.limits.vcpus),
        ("gpuCount", "The most GPUs", "/limits", \.limits.gpus),
        ("arraySize", "The largest array", "/limits", \.limits.arraySize),
        ("inlineBytes", "The largest file through Batchport", "/limits", \.limits.inlineNumber),
        ("uploadBytes", "The largest file", "/limits", \.limits.uploadNumber),
    ]
    /// Empty is no limit.
    static let limits: [Limit] = [
        ("timeConstraint", "The longest time", \.limits.seconds),
        ("concurrentJobs", "The most jobs at once", \.limits.concurrentJobs),
        ("concurrentJobsPerPerson", "The most jobs at once of one person", \.limits.concurrentJobsPerPerson),
        ("jobsPerDay", "The most jobs in 24 hours", \.limits.jobsPerDay),
        ("jobsPerDayPerPerson", "The most jobs in 24 hours of one person", \.limits.jobsPerDayPerPerson),
    ]
    private static let words: [(name: String, path: any WritableKeyPath<EnvironmentEntry, String> & Sendable)] = [
        ("name", \.name), ("description", \.about), ("ioBucket", \.ioBucket), ("prefix", \.prefix),
        ("jobDefinition", \.jobDefinition), ("jobQueue", \.jobQueue),
    ]

    subscript(_ name: String) -> String { texts[name] ?? "" }
}

extension EnvironmentForm {
    /// As an entry stands.
    init(_ entry: EnvironmentEntry) {
        for (name, path) in Self.words { texts[name] = entry[keyPath: path] }
        for (name, _, _, path) in Self.numbers { texts[name] = String(entry[keyPath: path]) }
        for (name, _, path) in Self.limits { texts[name] = entry[keyPath: path].map(String.init) ?? "" }
        texts["serviceObject"] =
            switch entry.signer {
            case .automatic: "Automatic"
            case .new: "New"
            case .credential(let id): id.lower
            }
        texts["custodian"] = entry.custodian?.lower ?? ""
        texts["forcedTags"] = Self.lines(entry.forcedTags)
        texts["variables"] = Self.lines(
            entry.variables.compactMapValues { if case .plain(let text) = $0 { text } else { nil } })
        kept = Set(entry.variables.filter { $0.value == .sealed(nil) }.keys)
        languages = Set(entry.languages)
        let forEveryone = entry.grants.first { $0.who == .everyone }
        isForEveryone = forEveryone != nil
        texts["everyoneSees"] = (forEveryone?.sees ?? .own).rawValue
        texts["grants"] = entry.grants.compactMap(GrantLine.text).joined(separator: "\n")
    }

    /// As it was sent.
    init(_ form: Form) throws {
        let names = Self.words.map(\.name) + Self.numbers.map(\.name) + Self.limits.map(\.name)
        for name in names + ["serviceObject", "custodian", "forcedTags", "variables", "grants", "everyoneSees"] {
            texts[name] = (try form.one(name) ?? "").replacing("\r\n", with: "\n")
        }
        sealed = (try form.one("sealed") ?? "").replacing("\r\n", with: "\n")
        languages = Set(form.all("languages"))
        isForEveryone = try form.one("everyone") == "yes"
        kept = Set(form.all("kept"))
    }

    private static func lines(_ pairs: [String: String]) -> String {
        pairs.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "\n")
    }

    /// Writes all of it into an entry, with what could not be read.
    func write(into entry: inout EnvironmentEntry) {
        var problems: [Failure.Problem] = []
        for (name, path) in Self.words { entry[keyPath: path] = trimmed(self[name]) }
        for (name, what, folder, path) in Self.numbers {
            if let number = Int(trimmed(self[name])) {
                entry[keyPath: path] = number
            } else {
                problems.append(.init("\(folder)/\(name)", "malformed", "\(what) must be a whole number."))
            }
        }
        for (name, what, path) in Self.limits {
            let text = trimmed(self[name])
            entry[keyPath: path] = text.isEmpty ? nil : Int(text)
            if !text.isEmpty, Int(text) == nil {
                problems.append(.init("/limits/\(name)", "malformed", "\(what) must be empty or a whole number."))
            }
        }
        entry.languages = Language.allCases.map(\.rawValue).filter(languages.contains)
        entry.languages += languages.subtracting(entry.languages).sorted()
        writeIdentity(into: &entry, &problems)
        entry.forcedTags = pairs(self["forcedTags"], "/forcedTags", &problems)
        writeVariables(into: &entry, &problems)
        let sees = EnvironmentGrant.Sees(rawValue: self["everyoneSees"]) ?? .own
        entry.grants = isForEveryone ? [.init(.everyone, sees: sees)] : []
        entry.grants += self["grants"].split(separator: "\n").map { trimmed(String($0)) }.filter { !$0.isEmpty }
            .map(GrantLine.read)
        entry.faults = problems
    }

    private func writeIdentity(into entry: inout EnvironmentEntry, _ problems: inout [Failure.Problem]) {
        switch self["serviceObject"] {
        case "Automatic": entry.signer = .automatic
        case "New": entry.signer = .new
        case let text:
            if let id = UUID(uuidString: text) {
                entry.signer = .credential(id)
            } else {
                problems.append(.init("/serviceObject", "unknown", "Choose whose identity signs."))
            }
        }
        entry.custodian = UUID(uuidString: self["custodian"])
        if entry.custodian == nil, !self["custodian"].isEmpty {
            problems.append(.init("/custodian", "unknown", "Choose a custodian, or none."))
        }
    }

    private func writeVariables(into entry: inout EnvironmentEntry, _ problems: inout [Failure.Problem]) {
        let plain = pairs(self["variables"], "/variables", &problems)
        let typed = pairs(sealed, "/sealed", &problems)
        for name in Set(plain.keys).intersection(kept.union(typed.keys)).sorted() {
            let place = typed[name] == nil ? "stays as a sealed one" : "is among the sealed ones"
            problems.append(
                .init(
                    "/variables", "sealed",
                    "The variable \(TextRules.shown(name)) \(place) too: it is either plain or sealed."))
        }
        entry.variables = plain.mapValues { .plain($0) }
        for name in kept { entry.variables[name] = .sealed(nil) }
        for (name, value) in typed { entry.variables[name] = .sealed(value) }
    }

    /// `NAME=value`, one a line.
    private func pairs(
        _ text: String, _ pointer: String, _ problems: inout [Failure.Problem]
    ) -> [String: String] {
        var found: [String: String] = [:]
        var lines: [String: Int] = [:]
        let all = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in all.enumerated() where !line.allSatisfy(\.isWhitespace) {
            let halves = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            if halves.count != 2 {
                problems.append(.init(pointer, "malformed", "Line \(index + 1) must be NAME=value."))
                continue
            }
            let name = trimmed(halves[0])
            if let first = lines[name] {
                problems.append(
                    .init(
                        pointer, "duplicate",
                        "\(TextRules.shown(name)) is there twice, in lines \(first) and \(index + 1)."))
            }
            (found[name], lines[name]) = (halves[1], index + 1)
        }
        return found
    }

    private func trimmed(_ text: String) -> String {
        String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}

extension BatchEnvironment.Limits {
    fileprivate var inlineNumber: Int {
        get { Int(inlineBytes) }
        set { inlineBytes = Int64(newValue) }
    }

    var uploadNumber: Int {
        get { Int(uploadBytes) }
        set { uploadBytes = Int64(newValue) }
    }
}

/// A grant as a line: an e-mail address or a team's name, and behind a colon what of others' jobs it shows.
enum GrantLine {
    /// Nothing for everyone's, which has a box of its own.
    static func text(_ grant: EnvironmentEntry.Grant) -> String? {
        let behind = grant.sees == .own ? "" : ": " + grant.sees.rawValue
        switch grant.who {
        case .everyone: return nil
        case .person(let text), .team(let text): return text + behind
        }
    }

    static func read(_ line: String) -> EnvironmentEntry.Grant {
        var (who, sees) = (line, EnvironmentGrant.Sees.own)
        if let colon = line.lastIndex(of: ":"),
            let said = EnvironmentGrant.Sees(rawValue: line[line.index(after: colon)...].filter { $0 != " " })
        {
            (who, sees) = (String(line[..<colon]), said)
            while who.last == " " { who.removeLast() }
        }
        let isPerson = who.contains("@") || UUID(uuidString: who) != nil
        return .init(isPerson ? .person(who) : .team(who), sees: sees)
    }
}

import Cryptography
import FoundationEssentials
import HTTP
import JSON

/// The form of a new job as it was typed, so that it can be shown again as it was.
struct NewJobEntry {
    /// A file that has been received already.
    struct File {
        let upload: UUID
        let name: String
        let size: Int64

        /// As the form carries it: which file, and what it is called in the job.
        var text: String { upload.lower + " " + name }
    }

    /// Makes a second press of the same button the same submission.
    var key = UUID().lower
    var environment = ""
    var name = ""
    var language = "python"
    var source = ""
    var map = MapEntry()
    /// One argument a line.
    var argv = ""
    var files: [File] = []
    var vcpuCount = "Inherited"
    var gpuCount = "Inherited"
    var memory = "Automatic"
    var timeConstraint = ""
    /// `2026-11-25T18:00`, UTC, as a browser's control writes it, or RFC 3339.
    var startBefore = ""
    /// `NAME=value`, one a line.
    var env = ""
    /// Words or `name:value`, parted by blanks.
    var tags = ""

    /// Typed for this job alone; never shown again, and no part of the digest.
    var credential = EnteredCredential()

    /// The single-line fields, by the API's names.
    static let fields: [String: any WritableKeyPath<NewJobEntry, String> & Sendable] = [
        "jobType": \.map.jobType, "elements": \.map.elements, "function": \.map.function,
        "initialization": \.map.initialization, "workers": \.map.workers, "method": \.map.method,
        "methodCount": \.map.methodCount, "elementsJob": \.map.job, "elementsOnly": \.map.only,
        "key": \.key, "environment": \.environment, "name": \.name, "language": \.language, "source": \.source,
        "argv": \.argv, "vcpuCount": \.vcpuCount, "gpuCount": \.gpuCount, "memory": \.memory,
        "timeConstraint": \.timeConstraint, "startBefore": \.startBefore,
        "env": \.env, "tags": \.tags,
    ]

    /// Browsers send line ends as CR LF; programs want LF.
    mutating func set(_ field: String, _ text: String) {
        guard let path = Self.fields[field] else { return }
        self[keyPath: path] = text.replacing("\r\n", with: "\n")
    }
}

extension NewJobEntry {
    /// From a link: every field by its name.
    init(_ query: Query) throws {
        for name in Self.fields.keys where name != "key" {
            if let text = try query.one(name) { set(name, text) }
        }
    }

    /// To run a job again: all that was typed for it.
    init(again job: Job) {
        environment = job.environment.name
        name = job.name
        language = job.language
        source = String(decoding: job.source ?? [], as: UTF8.self)
        argv = (job.argv ?? []).joined(separator: "\n")
        map = MapEntry(again: job)
        vcpuCount = job.settings["vcpuCount"]?.string ?? vcpuCount
        gpuCount = job.settings["gpuCount"]?.string ?? gpuCount
        memory = job.settings["memory"]?.string ?? memory
        timeConstraint = job.timeConstraint.map(String.init) ?? ""
        env = (job.variables.members ?? []).map { "\($0.name)=\($0.value.string ?? "")" }.joined(separator: "\n")
        tags = (job.tags.members ?? []).map { tag in
            tag.value.string.flatMap { $0.isEmpty ? nil : tag.name + ":" + $0 } ?? tag.name
        }.joined(separator: " ")
    }

    /// What it asks for, and what in it could not be read.
    var request: (request: JobRequest, problems: [Failure.Problem]) {
        var request = JobRequest()
        var problems: [Failure.Problem] = []
        (request.environment, request.name, request.language) = (environment, name, language)
        if language == "command" {
            request.argv = argv.split(separator: "\n").map(String.init)
        } else {
            request.source = source
        }
        problems += map.add(to: &request)
        request.credential = credential.isEmpty ? nil : credential
        request.inputFiles = files.map { .init(name: $0.name, content: .upload($0.upload)) }
        (request.vcpuCount, request.gpuCount, request.memory) = (vcpuCount, gpuCount, memory)
        if !timeConstraint.allSatisfy(\.isWhitespace) {
            request.timeConstraint = Int(timeConstraint.filter { !$0.isWhitespace })
            if request.timeConstraint == nil {
                problems.append(
                    .init("/timeConstraint", "malformed", "The time limit must be a whole number of seconds."))
            }
        }
        if !startBefore.allSatisfy(\.isWhitespace) {
            let text = startBefore.filter { !$0.isWhitespace }
            request.startBefore = Instant(rfc3339: text.utf8.count == 16 ? text + ":00Z" : text)?.milliseconds
            if request.startBefore == nil {
                problems.append(
                    .init(
                        "/startBefore", "malformed",
                        "The time must be a date and time in UTC, such as 2026-11-25T18:00."))
            }
        }
        let lines = env.split(separator: "\n", omittingEmptySubsequences: false)
        for (number, line) in lines.enumerated() where !line.allSatisfy(\.isWhitespace) {
            let halves = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if halves.count == 2 {
                request.variables.append((String(halves[0]), String(halves[1])))
            } else {
                problems.append(
                    .init("/env", "malformed", "Line \(number + 1) of the variables must be NAME=value."))
            }
        }
        for word in tags.split(whereSeparator: \.isWhitespace) {
            let halves = word.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            request.tags.append((String(halves[0]), halves.count > 1 ? String(halves[1]) : ""))
        }
        var seen: Set<String> = []
        for tag in request.tags where !seen.insert(tag.name).inserted {
            let shown = TextRules.shown(tag.name)
            problems.append(.init("/tags", "duplicate", "The tag \u{201C}\(shown)\u{201D} is there twice."))
        }
        return (request, problems)
    }

    /// Of all that it asks for.
    var digest: [UInt8] {
        let texts = Self.fields.keys.sorted().compactMap { Self.fields[$0] }.map { self[keyPath: $0] }
        return sha256(JSONValue(texts + (files + [map.file].compactMap(\.self)).map(\.text)).serialized())
    }
}

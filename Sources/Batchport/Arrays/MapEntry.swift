import FoundationEssentials
import JSON

/// The part of a new job's form that only an array has, as it was typed.
struct MapEntry {
    static let filePart = "elementsFile"
    static let uploadPart = "elementsUpload"

    var jobType = "Single"
    /// JSON Lines, or one JSON array.
    var elements = ""
    /// Instead of it: a file that has been received already.
    var file: NewJobEntry.File?
    /// Instead of both: the list of another map, by the map's id.
    var job = ""
    /// `missing` for those of its elements that have no value; empty for all.
    var only = ""
    var function = "f"
    var initialization = ""
    var workers = ""
    var method = "Automatic"
    var methodCount = ""

    init() {}

    /// Elements as they were typed where their job's page keeps all of them; else they stay where they are.
    init(again job: Job) {
        guard let array = job.array, let counts = job.line.children else { return }
        jobType = "Array"
        function = array.function
        initialization = String(decoding: array.initialization ?? [], as: UTF8.self)
        workers = array.workers.map(String.init) ?? ""
        if let start = array.start, start.utf8.count(where: { $0 == 0x0A }) == job.elements {
            elements = start
        } else {
            self.job = job.idText
        }
        switch array.method {
        case .automatic: break
        case .childJobs: (method, methodCount) = ("childJobs", String(counts.total))
        case .elementsPerChild(let count): (method, methodCount) = ("elementsPerChild", String(count))
        }
    }

    /// Of a map that is run again, only the elements that have no value.
    mutating func takeMissing(of job: Job) {
        (elements, self.job, only) = ("", job.idText, "missing")
    }

    /// Answers what could not be read.
    func add(to request: inout JobRequest) -> [Failure.Problem] {
        request.jobType = jobType
        guard jobType == "Array" else { return ofArrayOnly }
        var problems = contradictions
        func number(_ text: String, _ pointer: String, _ name: String) -> Int? {
            let number = Int(text.filter { !$0.isWhitespace })
            if number == nil { problems.append(.init(pointer, "malformed", "\(name) must be a whole number.")) }
            return number
        }
        request.array.function = function
        request.array.initialization = initialization
        if !workers.allSatisfy(\.isWhitespace) {
            request.array.workers = number(workers, "/code/workers", "The number of workers")
        }
        if !elements.allSatisfy(\.isWhitespace) {
            request.array.elements = .text(Array(elements.utf8))
        } else if let file {
            request.array.elements = .upload(file.upload)
        } else if let id = UUID(uuidString: job) {
            request.array.elements = .job(id, onlyMissing: only == "missing")
        }
        if method != "Automatic", let count = number(methodCount, "/methodCount", "How many") {
            request.array.method = .object([.init(method, JSONValue(count))])
        }
        return problems
    }
}

extension MapEntry {
    private static func isBlank(_ text: String) -> Bool { text.allSatisfy(\.isWhitespace) }

    /// Something of it was filled in, whatever the type.
    var isBegun: Bool { jobType == "Array" || !ofArrayOnly.isEmpty }

    /// What was filled in for an array, while the type is another: nothing of it is left out in silence.
    private var ofArrayOnly: [Failure.Problem] {
        let filled = [
            ("/elements", "the elements", !Self.isBlank(elements) || UUID(uuidString: job) != nil),
            ("/" + Self.filePart, "the file with elements", file != nil),
            ("/code/workers", "the number of workers", !Self.isBlank(workers)),
            ("/code/initialization", "the initialization", !Self.isBlank(initialization)),
            ("/method", "how it is cut", method != "Automatic"),
            ("/methodCount", "how many", !Self.isBlank(methodCount)),
        ]
        return filled.filter(\.2).map { pointer, what, _ in
            .init(
                pointer, "arrayOnly",
                "Only the type Array has this: choose it under Type, or take away \(what).")
        }
    }

    /// Of two things that exclude each other, neither is taken in silence.
    private var contradictions: [Failure.Problem] {
        var problems: [Failure.Problem] = []
        let isTyped = !Self.isBlank(elements)
        let isOfMap = UUID(uuidString: job) != nil
        if file != nil, isTyped || isOfMap {
            problems.append(
                .init(
                    "/" + Self.filePart, "twice",
                    "There is a file with elements and \(isTyped ? "a typed list" : "another map's list"): take one away."
                ))
        } else if isTyped, isOfMap {
            problems.append(
                .init("/elements", "twice", "There is a typed list and another map's list: take one away."))
        }
        if method == "Automatic", !Self.isBlank(methodCount) {
            problems.append(
                .init(
                    "/methodCount", "unused",
                    "How many is for a number of children or of elements per child: choose one of them under \u{201C}How it is cut\u{201D}, or leave it empty."
                ))
        }
        return problems
    }
}

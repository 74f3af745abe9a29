import FoundationEssentials
import JSON
import JobManifest
import PostgreSQL

/// An array that may be submitted: its list is read and cut.
struct ArrayPlan {
    enum Source {
        case text([UInt8])
        case upload(UUID)
        case again(ElementsAgain)
    }

    let elements: Source
    let list: ElementList
    let method: SplitMethod
    let spans: ElementSpans

    /// How many there would be.
    var children: Int { spans.children }
}

/// What can be known to be wrong with an array before anything leaves the machine.
enum ArrayRules {
    static func check(
        _ request: JobRequest, in environment: BatchEnvironment, _ problems: inout [Failure.Problem],
        _ database: inout Connection
    ) throws -> ArrayPlan? {
        let array = request.array
        let limits = try database.arrayLimits()
        problems += codeProblems(
            request, mostWorkers: limits.workers, codeLimit: try database.siteLimit("code.bytes", else: 262_144))
        let method = method(array, environment, &problems)
        guard let elements = array.elements else {
            problems.append(.init("/elements", "missing", "An array needs its elements: a list, or an upload."))
            return nil
        }
        guard let (source, list) = try list(elements, environment, limits.elements, &problems, &database), let method
        else { return nil }
        switch method.spans(of: list.count, automatic: limits.automaticChildren, within: environment.limits) {
        case .success(let spans): return ArrayPlan(elements: source, list: list, method: method, spans: spans)
        case .failure(let problem):
            problems.append(problem)
            return nil
        }
    }

    /// Told whatever the list is.
    private static func method(
        _ array: ArrayRequest, _ environment: BatchEnvironment, _ problems: inout [Failure.Problem]
    ) -> SplitMethod? {
        guard let method = SplitMethod(array.method) else {
            problems.append(
                .init(
                    "/method", "malformed",
                    "The method must be \u{201C}Automatic\u{201D}, {\"childJobs\": n} or {\"elementsPerChild\": k}."))
            return nil
        }
        guard let problem = method.problem(within: environment.limits) else { return method }
        problems.append(problem)
        return nil
    }

    private static func codeProblems(
        _ request: JobRequest, mostWorkers: Int, codeLimit: Int
    ) -> [Failure.Problem] {
        var problems: [Failure.Problem] = []
        let array = request.array
        if let workers = array.workers, !(1...mostWorkers).contains(workers) {
            problems.append(
                .init("/code/workers", "outOfRange", "There may be 1 to \(mostWorkers) workers.", limit: mostWorkers))
        }
        if !isFunction(array.function, request.language) {
            problems.append(
                .init(
                    "/code/function", "malformed",
                    request.language == "wolfram"
                        ? "The function must be an expression of at most 4,096 characters."
                        : "The function must be a name such as f or module.f, of at most 256 characters."))
        }
        if array.initialization.utf8.count > codeLimit {
            problems.append(
                .init(
                    "/code/initialization", "tooLong",
                    "The initialization may have at most \(Words.count(codeLimit)) bytes.", limit: codeLimit))
        }
        if request.language == "command", !array.initialization.isEmpty {
            problems.append(.init("/code/initialization", "unsupported", "A command has no initialization."))
        }
        return problems
    }

    private static func isFunction(_ function: String, _ language: String) -> Bool {
        switch language {
        case "wolfram": return (1...4096).contains(function.utf8.count) && !function.utf8.contains(0)
        case "python":
            let parts = function.split(separator: ".", omittingEmptySubsequences: false)
            return function.utf8.count <= 256 && !parts.isEmpty && parts.allSatisfy(isIdentifier)
        default: return (1...256).contains(function.utf8.count) && TextRules.isPlain(function)
        }
    }

    private static func isIdentifier(_ part: Substring) -> Bool {
        guard let first = part.first, first.isLetter || first == "_" else { return false }
        return part.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
    }

    private static func list(
        _ elements: ArrayRequest.Elements, _ environment: BatchEnvironment, _ limits: ElementScanner.Limits,
        _ problems: inout [Failure.Problem], _ database: inout Connection
    ) throws -> (ArrayPlan.Source, ElementList)? {
        do {
            switch elements {
            case .text(let bytes):
                var scanner = ElementScanner(limits)
                try scanner.feed(bytes)
                return (.text(bytes), try scanner.finish())
            case .upload(let id):
                guard let upload = try database.upload(id), upload.state == .complete,
                    upload.environment == environment.id
                else {
                    problems.append(.unknownElements)
                    return nil
                }
                return (.upload(id), try upload.elementList)
            case .job(let id, let onlyMissing):
                return try database.elementsAgain(of: id, onlyMissing: onlyMissing, in: environment, &problems)
                    .map { (.again($0), $0.list) }
            }
        } catch let fault as ElementFault {
            problems.append(fault.problem(count: limits.count))
            return nil
        }
    }
}

extension ElementFault {
    func problem(count: Int) -> Failure.Problem {
        isEmptyList ? .noElements : .init("/elements", limit == nil ? "notJSON" : "tooLarge", sentence, limit: limit)
    }
}

extension Failure.Problem {
    fileprivate static let unknownElements = Failure.Problem(
        "/elements", "unknownUpload",
        "The upload with the elements is not there, not complete, used already, or of another environment.")
}

extension Connection {
    struct ArrayLimits {
        let elements: ElementScanner.Limits
        let automaticChildren: Int
        let workers: Int
    }

    mutating func arrayLimits() throws -> ArrayLimits {
        let found = try row(
            """
            SELECT site_limit('array.elements') AS elements, site_limit('array.elementBytes') AS bytes,
                site_limit('array.automaticChildren') AS children, site_limit('array.workers') AS workers
            """
        ) {
            ArrayLimits(
                elements: .init(
                    count: try $0.intOptional("elements") ?? 1_000_000, bytes: try $0.intOptional("bytes") ?? 262_144),
                automaticChildren: try $0.intOptional("children") ?? 100, workers: try $0.intOptional("workers") ?? 64)
        }
        guard let found else { throw Failure.unexpected }
        return found
    }
}

extension ArrayRules {
    /// What only an array has, asked for with another type.
    static func foreign(to request: JobRequest) -> [Failure.Problem] {
        var found: [String] = []
        if request.array.elements != nil { found.append("/elements") }
        if request.array.method != "Automatic" { found.append("/method") }
        if request.array.workers != nil { found.append("/code/workers") }
        if !request.array.initialization.isEmpty { found.append("/code/initialization") }
        return found.map { .init($0, "arrayOnly", "Only a job of the type Array has \($0.dropFirst()).") }
    }
}

import JSON
import JobManifest

/// How a list is to be cut into children's spans (jobs.md "Arrays").
enum SplitMethod: Equatable {
    case automatic
    case childJobs(Int)
    case elementsPerChild(Int)

    /// AWS's own, for an array's size.
    static let mostChildren = 10_000

    var json: JSONValue {
        switch self {
        case .automatic: "Automatic"
        case .childJobs(let count): ["childJobs": JSONValue(count)]
        case .elementsPerChild(let count): ["elementsPerChild": JSONValue(count)]
        }
    }

    /// Nil for what is none of the three.
    init?(_ json: JSONValue) {
        if json == "Automatic" || json == .null {
            self = .automatic
        } else if json.members?.count == 1, let count = json["childJobs"]?.integer {
            self = .childJobs(count)
        } else if json.members?.count == 1, let count = json["elementsPerChild"]?.integer {
            self = .elementsPerChild(count)
        } else {
            return nil
        }
    }

    /// What is wrong with it whatever the list is.
    func problem(within limits: BatchEnvironment.Limits) -> Failure.Problem? {
        let most = min(limits.arraySize, Self.mostChildren)
        switch self {
        case .automatic: return nil
        case .childJobs(let count):
            if count < 1 {
                return .init("/method/childJobs", "tooSmall", "There must be at least 1 child.", limit: 1)
            }
            return count > most ? Self.tooMany(count, most, limits.allowed(.arraySize), "/method/childJobs") : nil
        case .elementsPerChild(let count):
            if count >= 1 { return nil }
            return .init(
                "/method/elementsPerChild", "tooSmall", "There must be at least 1 element per child.", limit: 1)
        }
    }

    /// - Parameter automatic: as many children at most where the number is left to us.
    func spans(
        of elements: Int, automatic: Int, within limits: BatchEnvironment.Limits
    ) -> Result<ElementSpans, Failure.Problem> {
        if let problem = problem(within: limits) { return .failure(problem) }
        let most = min(limits.arraySize, Self.mostChildren)
        let allowed = limits.allowed(.arraySize)
        let spans: ElementSpans?
        switch self {
        case .automatic: spans = ElementSpans(elements: elements, children: max(1, min(elements, automatic, most)))
        case .childJobs(let count):
            // A child without an element would have nothing to do.
            spans = ElementSpans(elements: elements, children: min(count, elements))
        case .elementsPerChild(let count):
            spans = ElementSpans(elements: elements, perChild: count)
            if let spans, spans.children > most {
                return .failure(Self.tooMany(spans.children, most, allowed, "/method/elementsPerChild"))
            }
        }
        return spans.map { .success($0) } ?? .failure(.noElements)
    }

    private static func tooMany(
        _ count: Int, _ most: Int, _ allowed: String, _ pointer: String
    ) -> Failure.Problem {
        .init(
            pointer, "tooMany",
            "That would be \(Words.count(count)) children, more than the \(Words.count(most)) \(allowed).", limit: most
        )
    }
}

extension Failure.Problem: Error {
    static let noElements = Failure.Problem(
        "/elements", "empty", "There is no element in the list: it needs at least one.")
}

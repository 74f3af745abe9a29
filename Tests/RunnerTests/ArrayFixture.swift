import FoundationEssentials
import JSON
import JobManifest
import Processes
import TestSupport
import Testing

extension TestJob {
    /// Makes it an array of these elements, each one's JSON.
    func map(
        _ elements: [String], children: Int = 1, function: String = "f", initialization: String? = nil,
        workers: Int? = nil
    ) throws {
        let list = elements.map { $0 + "\n" }
        var offsets: [UInt8] = []
        var end = 0
        for length in [0] + list.map(\.utf8.count) {
            end += length
            offsets += (0..<8).map { UInt8(truncatingIfNeeded: UInt64(end) >> (8 * UInt64($0))) }
        }
        var work = ArrayWork(
            elements: try stored(Array(list.joined().utf8), address.keys.elements),
            index: try stored(offsets, address.keys.elementIndex),
            spans: try #require(ElementSpans(elements: elements.count, children: children)), function: function)
        work.initialization = try initialization.map { try stored(Array($0.utf8), address.keys.initialization) }
        work.workers = workers
        manifest.array = work
    }

    private func stored(_ bytes: [UInt8], _ key: String) throws -> StoredObject {
        try put(bytes, key)
        return StoredObject(key: key, size: bytes.count, sha256: digest(bytes))
    }

    /// As uploaded so far, by element: JSON, or the cause and message of what is missing.
    func results(child: Int = 0, attempt: Int = 1) throws -> [Int: String] {
        var found: [Int: String] = [:]
        var part = 0
        while let bytes = try object(address.keys.results(of: child, attempt: attempt, part: part)) {
            part += 1
            for line in bytes.split(separator: UInt8(ascii: "\n")) {
                let result = try #require(ResultLine(bytes: Array(line)))
                #expect(found[result.index] == nil)
                found[result.index] =
                    switch result.content {
                    case .value(let json): String(decoding: json, as: UTF8.self)
                    case .inputForm(let text): "form " + text
                    case .missing(let cause, let message): "\(cause): \(message)"
                    }
            }
        }
        return found
    }

    func outcome(child: Int, attempt: Int = 1) throws -> Outcome? {
        let keys = address.keys.ofChild(child)
        let outcome = try object(keys.outcome(attempt: attempt)).map { try Outcome(bytes: $0) }
        if let outcome { #expect(outcome.holds(keys, attempt: attempt)) }
        return outcome
    }
}

extension TestJob {
    /// Puts the kernel into the code's PATH.
    func useMathics() throws {
        let folder = try #require(
            ProcessInfo.processInfo.environment["BATCHPORT_TEST_MATHICS"], "BATCHPORT_TEST_MATHICS is not set")
        environment["PATH"] = "/usr/bin:/bin:" + folder
    }
}

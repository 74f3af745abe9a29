internal import JSON
internal import JobManifest
internal import Processes

/// What a function wrote on standard output, as its result: JSON where it is JSON, else the text; nothing is null. Line
/// ends at its end are not part of it.
enum ElementOutput {
    static func read(_ status: [UInt8], _ path: String, _ limit: Int) -> ResultLine.Content {
        guard let code = Int(String(decoding: status, as: UTF8.self)) else {
            return .missing(.invalid, message: "The worker's answer is malformed.")
        }
        guard code == 0 else {
            let how = code > 128 ? "was ended by signal \(code - 128)" : "ended with exit code \(code)"
            return .missing(.evaluationFailed, message: "It \(how).")
        }
        do throws(ProcessError) {
            var bytes = try File.read(path, limit: limit)
            while let last = bytes.last, last == 0x0A || last == 0x0D { bytes.removeLast() }
            if bytes.isEmpty { return .value(Array("null".utf8)) }
            if (try? JSONValue.check(bytes, maxDepth: Outcome.Result.maxDepth)) != nil {
                return .value(bytes.contains(0x0A) ? compact(bytes) : bytes)
            }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                return .missing(.invalid, message: "What it wrote is neither JSON nor UTF-8.")
            }
            return .value(JSONValue.string(text).serialized())
        } catch {
            guard error.isTooLarge else { return .missing(.invalid, message: "Its output cannot be read: \(error).") }
            return .missing(.tooLarge, message: "The result has more than \(limit) bytes, the most there may be.")
        }
    }

    /// Without line ends between its tokens.
    private static func compact(_ json: [UInt8]) -> [UInt8] {
        (try? JSONValue.parse(json, maxDepth: Outcome.Result.maxDepth))?.serialized(sortedKeys: false) ?? json
    }
}

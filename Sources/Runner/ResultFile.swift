internal import JSON
internal import JobManifest
internal import Processes

/// The JSON that the code wrote to the file that BATCHPORT_RESULT names, or why there is none.
enum ResultFile {
    case value([UInt8])
    case missing(Outcome.Result.Cause, detail: String)

    /// Strict: one JSON document in UTF-8, no name twice in an object, no NaN (RFC 8259), at most `limit` bytes.
    static func read(_ path: String, limit: Int, after exit: Exit, evaluationFailed: Bool = false) -> ResultFile {
        switch Folder.kind(path) {
        case .file: break
        case nil where evaluationFailed && exit == .code(0):
            return .missing(.evaluationFailed, detail: "The evaluation came to no value; its messages say why.")
        case nil: return absent(after: exit)
        default: return .missing(.invalid, detail: "What BATCHPORT_RESULT names is not a file any more.")
        }
        let bytes: [UInt8]
        do { bytes = try File.read(path, limit: limit) } catch {
            guard error.isTooLarge else { return .missing(.invalid, detail: "The result cannot be read: \(error).") }
            return .missing(.tooLarge, detail: "The result has more than \(limit) bytes, the most there may be.")
        }
        do { try JSONValue.check(bytes, maxDepth: Outcome.Result.maxDepth) } catch {
            return .missing(.invalid, detail: bytes.isEmpty ? "The result is an empty file." : "\(error)")
        }
        return .value(bytes)
    }

    private static func absent(after exit: Exit) -> ResultFile {
        switch exit {
        case .code(0): .missing(.notWritten, detail: "The code wrote no result.")
        case .code(let code): .missing(.failed, detail: "The code ended with exit code \(code) and wrote no result.")
        case .signal(let number):
            .missing(.failed, detail: "The code was ended by signal \(number) and wrote no result.")
        }
    }
}

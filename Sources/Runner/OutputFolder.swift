internal import JobManifest
internal import Processes

/// What the code left below `output/`: regular files with clean names, in the order of their paths.
struct OutputFolder {
    /// Relative to the folder.
    private(set) var paths: [String] = []
    /// Sentences about what was left out.
    private(set) var leftOut: [String] = []

    private let root: String
    private let limit: Int
    private var beyondLimit = 0

    /// Takes the first `limit` files. A folder that the code has removed holds nothing.
    init(_ root: String, limit: Int) {
        self.root = root
        self.limit = limit
        switch Folder.kind(root) {
        case .folder: collect("")
        case nil: break
        default: leftOut.append("The code has put something else in place of the folder \(quoted("output")): left out.")
        }
        if beyondLimit > 0 {
            leftOut.append("There are \(limit + beyondLimit) output files; \(limit) may be: the last were left out.")
        }
    }

    private mutating func collect(_ folder: String) {
        let entries: [Folder.Entry]
        do { entries = try Folder.entries(folder.isEmpty ? root : root + "/" + folder) } catch {
            leftOut.append("The folder \(quoted("output/" + folder)) cannot be read (\(error)): left out.")
            return
        }
        for entry in entries { take(entry, folder.isEmpty ? entry.name : folder + "/" + entry.name) }
    }

    private mutating func take(_ entry: Folder.Entry, _ path: String) {
        if let fault = entry.isUTF8 ? OutputPath.fault(in: path)?.sentence : "is not UTF-8." {
            leftOut.append("The name of \(quoted("output/" + path)) \(fault.dropLast()): left out.")
            return
        }
        switch entry.kind {
        case .file where paths.count < limit: paths.append(path)
        case .file: beyondLimit += 1
        case .folder: collect(path)
        case .link: leftOut.append("\(quoted("output/" + path)) is a symbolic link: left out.")
        case .other: leftOut.append("\(quoted("output/" + path)) is neither a file nor a folder: left out.")
        }
    }
}

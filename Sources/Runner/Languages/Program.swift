internal import JobManifest
internal import Processes

/// What is started for a manifest's code.
struct Program: Equatable {
    let executable: String
    let arguments: [String]

    static let usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// Looks programs up in `path`, the code's own PATH. A program with a slash in its name is looked for in the working
    /// directory, then in the image's.
    init(_ manifest: JobManifest, path: String, _ folder: WorkingDirectory) throws(RunnerFault) {
        let code = manifest.code
        switch code {
        case .python: self.init(try Self.find(["python3"], path), [Self.source(code)])
        case .shell: self.init(try Self.find(["bash", "sh"], path + ":/bin"), [Self.source(code)])
        case .wolfram: self = try Kernel(path: path).program(manifest, folder)
        case .command(let argv): self.init(try Self.command(argv[0], path, folder), Array(argv.dropFirst()))
        }
    }

    init(_ executable: String, _ arguments: [String]) {
        self.executable = executable
        self.arguments = arguments
    }

    /// The source's name in the working directory; see `InputName.reserved`.
    static func source(_ code: JobManifest.Code) -> String {
        switch code.language {
        case .python: "main.py"
        case .wolfram: "main.wl"
        case .shell, .command: "main.sh"
        }
    }

    static func command(
        _ name: String, _ path: String, _ folder: WorkingDirectory
    ) throws(RunnerFault) -> String {
        guard name.utf8.contains(UInt8(ascii: "/")) else { return try find([name], path) }
        let places = name.hasPrefix("/") ? [name] : [folder.path, folder.image ?? ""].map { $0 + "/" + name }
        guard let place = places.first(where: { File.exists($0) }) else {
            throw RunnerFault(.notFound, "\(quoted(name)) is not in this image.")
        }
        guard File.isExecutable(place) else { throw notExecutable(place) }
        return place
    }

    /// The first of the names that is there. As in a shell, a file that may not be executed does not end the search.
    static func find(_ names: [String], _ path: String) throws(RunnerFault) -> String {
        let places = names.flatMap { name in path.split(separator: ":").map { $0 + "/" + name } }
        if let place = places.first(where: { File.isExecutable($0) }) { return place }
        if let place = places.first(where: { Folder.kind($0, followsLinks: true) == .file }) {
            throw notExecutable(place)
        }
        let missing = names.map { quoted($0) }.joined(separator: ", ")
        throw RunnerFault(.notFound, "This image has no \(missing) along its PATH, \(quoted(path)).")
    }

    private static func notExecutable(_ place: String) -> RunnerFault {
        RunnerFault(.notExecutable, "\(quoted(place)) is not a program that may be executed.")
    }
}

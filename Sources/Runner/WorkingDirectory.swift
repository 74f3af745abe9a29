internal import Processes

/// Where the code runs: an empty folder, with the runner's own files in another beside it.
struct WorkingDirectory {
    /// The code's working directory.
    let path: String
    /// Where the container was started: the image's own working directory.
    let image: String?
    /// The runner's folder: the code's result is written here.
    let own: String

    /// The container's working directory if that is empty and writable, else a new folder.
    init(_ environment: [String: String]) throws(RunnerFault) {
        image = Folder.current()
        let usable = image.flatMap { Self.isFresh($0) ? $0 : nil }
        own = try Self.makeOwn(environment, image)
        path = usable ?? own + "/work"
        do {
            if usable == nil { try Folder.create(path) }
            try Folder.create(output)
        } catch { throw RunnerFault(.disk, "The working directory cannot be made: \(error).") }
    }

    var output: String { path + "/output" }
    var result: String { own + "/result.json" }
    /// What a kernel says of its evaluation.
    var record: String { own + "/evaluation.json" }

    private static func isFresh(_ path: String) -> Bool {
        path != "/" && Folder.isWritable(path) && (try? Folder.entries(path))?.isEmpty == true
    }

    private static func makeOwn(_ environment: [String: String], _ image: String?) throws(RunnerFault) -> String {
        let places = [environment.nonEmpty("TMPDIR"), "/tmp", "/var/tmp", image, "/"].compactMap(\.self)
        for place in places where Folder.kind(place, followsLinks: true) == .folder {
            if let made = try? Folder.createTemporary(in: place, prefix: "batchport-") { return made }
        }
        throw RunnerFault(.disk, "There is no place for files: tried \(places.joined(separator: ", ")).")
    }
}

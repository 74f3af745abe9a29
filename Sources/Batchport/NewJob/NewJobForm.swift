import FoundationEssentials
import HTTP
import JobManifest
import PostgreSQL

/// Reads the form of a new job part by part. Files are stored as they arrive, and survive whatever else is wrong: the
/// form that comes back names them.
struct NewJobForm {
    var entry = NewJobEntry()
    /// What to do: `submit`, `check`, `show`, or `remove ID`.
    var act = "show"
    var problems: [Failure.Problem] = []

    private static let longestField = 4 << 20
    private static let mostFiles = 200

    /// The form's token comes first and is checked before anything is stored.
    init(_ call: Call, _ body: inout RequestBody, _ scope: inout Scope) throws {
        guard var reader = MultipartReader(contentType: try call.request.header("content-type"), partLimit: 500) else {
            throw Failure(
                status: 415, type: "media-type", title: "Unsupported media type",
                detail: "The form must be sent as multipart/form-data.")
        }
        guard let first = try reader.next(&body), first.name == FormToken.field, first.filename == nil else {
            throw Failure.formExpired
        }
        try FormToken.check(try reader.text(&body, limit: 256), call.request, scope)
        var seen: Set<String> = []
        var kept: [(id: UUID, name: String)] = []
        while let part = try reader.next(&body) {
            if let filename = part.filename {
                if !filename.isEmpty {
                    try receive(filename, isList: part.name == MapEntry.filePart, &reader, &body, &scope)
                }
                continue
            }
            if part.name == "upload" {
                kept += Self.named(try reader.text(&body, limit: 1024))
                continue
            }
            if part.name == MapEntry.uploadPart {
                try keepList(try reader.text(&body, limit: 64), &scope.database)
                continue
            }
            guard seen.insert(part.name).inserted else {
                throw Failure.unreadable("The field \u{201C}\(part.name.prefix(64))\u{201D} is there more than once.")
            }
            let text = try reader.text(&body, limit: Self.longestField)
            if text.utf8.contains(0) {
                problems.append(
                    .init("/" + part.name, "controlCharacter", "The field \(part.name) holds a NUL character."))
            } else if part.name == "do" {
                act = text
            } else if !entry.credential.set(part.name, text) {
                entry.set(part.name, text)
            }
        }
        try keep(kept, &scope.database)
        if act.hasPrefix("remove ") {
            if let list = entry.map.file, "remove " + list.upload.lower == act { entry.map.file = nil }
            if act == "remove list" { (entry.map.job, entry.map.only) = ("", "") }
            entry.files.removeAll { "remove " + $0.upload.lower == act }
        }
    }

    /// A file's id and what it is to be called.
    private static func named(_ text: String) -> [(id: UUID, name: String)] {
        let halves = text.split(separator: " ", maxSplits: 1).map(String.init)
        return halves.first.flatMap(UUID.init(uuidString:)).map { [($0, halves.count > 1 ? halves[1] : "")] } ?? []
    }

    /// Files from an earlier sending of this form, of another job, or uploaded before; one that is gone by now is told.
    private mutating func keep(_ files: [(id: UUID, name: String)], _ database: inout Connection) throws {
        let usable = try database.usableUploads(files.map(\.id))
        let found = files.prefix(Self.mostFiles).compactMap { file in
            usable[file.id].map {
                NewJobEntry.File(upload: file.id, name: file.name.isEmpty ? $0.name : file.name, size: $0.size ?? 0)
            }
        }
        if found.count < files.count {
            problems.append(
                .init("/inputFiles", "expired", "An input file is not there any more; add it again."))
        }
        entry.files = found + entry.files
    }

    /// The list of elements from an earlier sending of this form.
    private mutating func keepList(_ id: String, _ database: inout Connection) throws {
        guard let id = UUID(uuidString: id) else { return }
        guard let upload = try database.upload(id), upload.state == .complete else {
            problems.append(
                .init("/elements", "expired", "The file with the elements is not there any more; add it again."))
            return
        }
        entry.map.file = .init(upload: id, name: upload.name, size: upload.size ?? 0)
    }

    private mutating func receive(
        _ filename: String, isList: Bool, _ reader: inout MultipartReader, _ body: inout RequestBody,
        _ scope: inout Scope
    ) throws {
        guard let environment = try scope.database.usableEnvironment(entry.environment) else { return }
        let field = isList ? "/" + MapEntry.filePart : "/inputFiles"
        if let fault = InputName.fault(in: filename) {
            let shown = TextRules.shown(filename)
            problems.append(.init(field, "badName", "The file's name \u{201C}\(shown)\u{201D} \(fault.sentence)"))
            return
        }
        guard entry.files.count < Self.mostFiles else {
            problems.append(.init("/inputFiles", "tooMany", "There are too many input files.", limit: Self.mostFiles))
            return
        }
        do {
            let id = try scope.database.announceUpload(
                owner: try scope.identity().person, environment: environment.id, name: filename, size: 0, sha256: nil,
                isForLater: true)
            let limit = environment.limits.inlineBytes
            let received = try scope.database.receive(upload: id, limit: limit, announced: nil) { _ in
                try reader.chunk(&body)
            }
            let file = NewJobEntry.File(upload: id, name: filename, size: received.size)
            if isList { entry.map.file = file } else { entry.files.append(file) }
        } catch let failure as Failure {
            if let quota = failure.problems.first(where: { $0.code == "quota" }) {
                problems.append(.init(field, quota.code, quota.message, limit: quota.limit))
                return
            }
            problems.append(
                .init(
                    field, "tooLarge",
                    "\(filename): \(failure.detail)\(environment.limits.own[.uploadBytes] == nil ? "" : " It is a limit of your own.")",
                    limit: Int(environment.limits.inlineBytes)))
        }
    }
}

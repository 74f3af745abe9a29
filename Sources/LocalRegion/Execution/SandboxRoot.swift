internal import FoundationEssentials
internal import Processes

/// What all sandboxes share on disk, and the folder that holds each job's own while it runs.
struct SandboxRoot: Sendable {
    /// Becomes `/etc`.
    let etc: String
    /// Of the region's endpoint.
    let port: Int
    private let jobs: String
    private let user: UInt32?

    static func prepare(_ configuration: LocalExecutor.Configuration) throws -> SandboxRoot {
        let isRoot = Identity.user == 0
        guard isRoot ? configuration.user ?? 0 != 0 : configuration.user == nil else {
            throw SandboxError(
                "Jobs run as the ordinary user who starts the executor; only root names another for them.")
        }
        guard let port = URL(string: configuration.endpoint)?.port, (1024...65535).contains(port),
            configuration.endpoint.hasPrefix("http://127.0.0.2:")
        else { throw SandboxError("local.endpoint must be http://127.0.0.2:PORT with a port of 1024 to 65535.") }
        guard File.isExecutable(configuration.initProgram) else {
            throw SandboxError("local.init must name the program made from deploy/local/init.c.")
        }
        let state = configuration.state
        let root = SandboxRoot(etc: state + "/sandbox/etc", port: port, jobs: state + "/jobs", user: configuration.user)
        for folder in [root.jobs, root.etc + "/alternatives", root.etc + "/ssl/certs"] {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        // Nobody else lists them; a user that jobs have of their own still reaches its job's.
        try FileManager.default.setAttributes([.posixPermissions: 0o711], ofItemAtPath: root.jobs)
        try root.writeFiles(certificates: configuration.certificates)
        return root
    }

    private func writeFiles(certificates: String) throws {
        let files = [
            "passwd": "root:x:0:0:root:/root:/usr/sbin/nologin\njob:x:1000:1000:job:/work:/bin/sh\n",
            "group": "root:x:0:\njob:x:1000:\n",
            "hosts": "127.0.0.1 localhost job\n",
            "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
            "hostname": "job\n",
        ]
        for (name, text) in files { try File.write(Array(text.utf8), to: etc + "/" + name, mode: 0o644) }
        try File.write(File.read(certificates), to: etc + "/ssl/certs/ca-certificates.crt", mode: 0o644)
    }

    /// `work` and `tmp`, on disk and the job's.
    func makeFolder(_ task: String) throws -> String {
        let folder = jobs + "/" + task
        for name in ["work", "tmp"] {
            let path = folder + "/" + name
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            if let user { try Filesystem.give(path, to: user) }
        }
        return folder
    }

    /// Whatever the job made of it: folders without permissions, depths beyond any path's length.
    func removeFolder(_ task: String) {
        let folder = jobs + "/" + task
        for arguments in [["/usr/bin/chmod", "-R", "u+rwX", "--"], ["/usr/bin/rm", "-rf", "--"]] {
            var tool = Spawn(arguments[0], arguments.dropFirst() + [folder])
            tool.standardError = .null
            _ = try? tool.start().wait()
        }
    }

    /// What an executor that was killed has left.
    func clear() {
        for task in (try? Folder.entries(jobs)) ?? [] { removeFolder(task.name) }
    }
}

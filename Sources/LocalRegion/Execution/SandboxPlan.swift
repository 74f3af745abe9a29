internal import FoundationEssentials
internal import JSON
internal import Processes

/// How a job's sandbox is made: bubblewrap's arguments and the message for `init`. The job's environment never touches
/// a process outside: `LD_PRELOAD` in bubblewrap's own environment would run a job's code beyond its walls.
struct SandboxPlan {
    static let information: Int32 = 5
    private static let socket = "/run/batchport/region.sock"
    private static let program = "/run/batchport/init"

    private let job: ClaimedJob
    private let folder: String
    private let root: SandboxRoot
    private let configuration: LocalExecutor.Configuration

    init(_ job: ClaimedJob, folder: String, root: SandboxRoot, configuration: LocalExecutor.Configuration) {
        self.job = job
        self.folder = folder
        self.root = root
        self.configuration = configuration
    }

    var spawn: Spawn {
        guard let user = configuration.user else { return Spawn("/usr/bin/bwrap", arguments) }
        let identity = [
            "--reuid=\(user)", "--regid=\(user)", "--clear-groups", "--no-new-privs", "--inh-caps=-all", "--",
            "/usr/bin/bwrap",
        ]
        return Spawn("/usr/bin/setpriv", identity + arguments)
    }

    private var arguments: [String] {
        namespaces + system + own
            + ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/work", "--", Self.program, "\(root.port)"]
            + [Self.socket]
    }

    /// Nothing is shared, no more namespaces can be made inside, and all ends with this side.
    private var namespaces: [String] {
        [
            "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session", "--as-pid-1",
            "--info-fd", "\(Self.information)", "--uid", "1000", "--gid", "1000", "--hostname", "job",
        ]
    }

    /// The machine's programs, read-only, and the few made files that they need.
    private var system: [String] {
        let merged = ["bin", "sbin", "lib", "lib64"].flatMap { ["--symlink", "usr/\($0)", "/\($0)"] }
        return ["--ro-bind", "/usr", "/usr"] + merged + [
            "--ro-bind", root.etc, "/etc", "--ro-bind-try", "/etc/alternatives", "/etc/alternatives",
            "--proc", "/proc", "--dev", "/dev",
        ]
    }

    /// The job's folder and memory, and the relay's two ends. `/dev/shm` is bounded at twice the memory: what fills it
    /// meets the memory limit first, as on AWS, and not a full file system.
    private var own: [String] {
        let bundle = job.hasRunner ? configuration.runner : nil
        return [
            "--perms", "1777", "--size", "\(job.needs.memoryMiB << 21)", "--tmpfs", "/dev/shm",
            "--bind", folder + "/work", "/work", "--bind", folder + "/tmp", "/tmp", "--dir", "/var",
            "--symlink", "/tmp", "/var/tmp", "--ro-bind", configuration.initProgram, Self.program,
            "--bind", configuration.relaySocket, Self.socket,
        ] + (bundle.map { ["--ro-bind", $0, "/opt/batchport"] } ?? [])
            + (bundle == nil ? [] : configuration.mathics.map { ["--ro-bind", $0, "/opt/mathics3"] } ?? [])
    }

    /// As `init` reads it: length, newline, then strings that end with NUL.
    var message: [UInt8] {
        let environment = job.environment(endpoint: configuration.endpoint).sorted { $0.key < $1.key }
        let texts =
            [job.credentials.text, "\(job.command.count)"] + job.command + environment.map { "\($0.key)=\($0.value)" }
        let body = Array(texts.map { $0 + "\0" }.joined().utf8)
        return Array("\(body.count)\n".utf8) + body
    }
}

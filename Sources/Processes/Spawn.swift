internal import CLinux
import Glibc

/// A program to start: exactly these arguments, this environment and these descriptors; nothing is inherited unasked.
package struct Spawn: Sendable {
    package enum Stream: Sendable {
        case null
        case inherit
        case descriptor(Int32)
        /// Created if need be, written at its end.
        case append(String)
    }

    /// A path; no search along PATH.
    package var executable: String
    /// Without the program's own name.
    package var arguments: [String]
    package var environment: [String: String]
    package var workingDirectory: String?
    package var standardInput: Stream = .null
    package var standardOutput: Stream = .inherit
    package var standardError: Stream = .inherit
    /// Child's number → ours.
    package var descriptors: [Int32: Int32] = [:]
    /// A group of its own, so that a signal can reach the program with all it starts.
    package var newProcessGroup = false

    package init(_ executable: String, _ arguments: [String] = [], environment: [String: String] = [:]) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
    }

    package func start() throws(ProcessError) -> Child {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        for (number, stream) in [(Int32(0), standardInput), (1, standardOutput), (2, standardError)] {
            unsafe Self.add(stream, as: number, to: &actions)
        }
        let moved = try clearedDescriptors()
        defer { for (_, copy) in moved { close(copy) } }
        for (theirs, copy) in moved { unsafe posix_spawn_file_actions_adddup2(&actions, copy, theirs) }
        unsafe closeOthers(&actions)
        if let workingDirectory { unsafe posix_spawn_file_actions_addchdir_np(&actions, workingDirectory) }
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        set(&attributes)
        return try unsafe spawn(&actions, &attributes)
    }

    /// Copies of ours beyond all of theirs: putting one in its place must not close another that has yet to be moved.
    private func clearedDescriptors() throws(ProcessError) -> [(theirs: Int32, copy: Int32)] {
        let least = max(64, (descriptors.keys.max() ?? 0) + 1)
        var moved: [(theirs: Int32, copy: Int32)] = []
        for (theirs, ours) in descriptors {
            let copy = bp_duplicate(ours, least)
            guard copy >= 0 else {
                for (_, copy) in moved { close(copy) }
                throw ProcessError("fcntl", "descriptor \(ours)")
            }
            moved.append((theirs, copy))
        }
        return moved
    }

    /// What this program has open, or was given open, does not reach the child.
    private func closeOthers(_ actions: inout posix_spawn_file_actions_t) {
        let next = max(3, (descriptors.keys.max() ?? 0) + 1)
        for number in 3..<next where descriptors[number] == nil {
            unsafe posix_spawn_file_actions_addclose(&actions, number)
        }
        unsafe posix_spawn_file_actions_addclosefrom_np(&actions, next)
    }

    private func spawn(
        _ actions: inout posix_spawn_file_actions_t, _ attributes: inout posix_spawnattr_t
    ) throws(ProcessError) -> Child {
        var argv = unsafe ([executable] + arguments).map { unsafe strdup($0) } + [nil]
        var envp = unsafe environment.map { unsafe strdup("\($0.key)=\($0.value)") } + [nil]
        defer {
            for index in unsafe argv.indices { unsafe free(argv[index]) }
            for index in unsafe envp.indices { unsafe free(envp[index]) }
        }
        var pid: pid_t = 0
        let code = unsafe posix_spawn(&pid, executable, &actions, &attributes, &argv, &envp)
        guard code == 0 else { throw ProcessError("start", executable, code: code) }
        return Child(pid: pid)
    }

    /// No signal blocked, none ignored: the child starts clean whatever this program does with its own.
    private func set(_ attributes: inout posix_spawnattr_t) {
        var none = sigset_t()
        unsafe sigemptyset(&none)
        var all = sigset_t()
        unsafe sigfillset(&all)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &all)
        var flags = Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)
        if newProcessGroup {
            flags |= Int32(POSIX_SPAWN_SETPGROUP)
            unsafe posix_spawnattr_setpgroup(&attributes, 0)
        }
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
    }

    private static func add(_ stream: Stream, as number: Int32, to actions: inout posix_spawn_file_actions_t) {
        switch stream {
        case .null:
            unsafe posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0)
        case .inherit:
            unsafe posix_spawn_file_actions_adddup2(&actions, number, number)
        case .descriptor(let ours):
            unsafe posix_spawn_file_actions_adddup2(&actions, ours, number)
        case .append(let path):
            unsafe posix_spawn_file_actions_addopen(&actions, number, path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        }
    }
}

internal import CLinux
import Glibc

package enum Exit: Sendable, Equatable {
    case code(Int32)
    case signal(Int32)

    /// As a shell gives it: 128 + n for signal n.
    package var status: Int32 {
        switch self {
        case .code(let code): code
        case .signal(let number): 128 + number
        }
    }
}

/// What a child and those it waited for have used.
package struct Usage: Sendable, Equatable {
    /// User and system.
    package let cpuMilliseconds: Int64
    /// The largest resident memory of any one of them.
    package let peakResidentKiB: Int64
}

/// A started program. It is ours to wait for, exactly once.
package struct Child: Sendable {
    package let pid: Int32

    package init(pid: Int32) { self.pid = pid }

    /// To the process, or with `group` to all of its process group; one that has gone is no error.
    package func signal(_ number: CInt, group: Bool = false) { kill(group ? -pid : pid, number) }

    package func wait() -> Exit { waitWithUsage().exit }

    package func waitWithUsage() -> (exit: Exit, usage: Usage) {
        var status: Int32 = 0
        var used = rusage()
        while unsafe wait4(pid, &status, 0, &used) < 0, errno == EINTR {}
        return (Self.exit(status), Self.usage(used))
    }

    /// Until it has ended; it still has to be waited for, so that its number is not given to another meanwhile.
    package func waitWithoutReaping() {
        while bp_await(pid) < 0, errno == EINTR {}
    }

    /// Without waiting: its end, if it has ended.
    package func check() -> Exit? {
        var status: Int32 = 0
        return unsafe waitpid(pid, &status, WNOHANG) == pid ? Self.exit(status) : nil
    }

    /// The next child of this process that ends, if one has.
    package static func reap() -> (pid: Int32, exit: Exit)? {
        var status: Int32 = 0
        let pid = unsafe waitpid(-1, &status, WNOHANG)
        return pid > 0 ? (pid, exit(status)) : nil
    }

    /// Like `reap`, with what it has used.
    package static func reapWithUsage() -> (pid: Int32, exit: Exit, usage: Usage)? {
        var status: Int32 = 0
        var used = rusage()
        let pid = unsafe wait4(-1, &status, WNOHANG, &used)
        return pid > 0 ? (pid, exit(status), usage(used)) : nil
    }

    /// From now on a process below this one that loses its parent becomes this one's child, as it would become
    /// process 1's.
    package static func adoptOrphans() { _ = bp_prctl(PR_SET_CHILD_SUBREAPER, 1) }

    /// This process's children now; nil where the kernel or a missing /proc does not tell.
    package static func all() -> [Child]? {
        guard let tasks = try? Folder.entries("/proc/self/task") else { return nil }
        var children: [Child] = []
        for task in tasks {
            guard let list = try? File.read("/proc/self/task/\(task.name)/children") else { return nil }
            children += String(decoding: list, as: UTF8.self).split(separator: " ").compactMap { Int32($0) }
                .map { Child(pid: $0) }
        }
        return children
    }

    private static func usage(_ used: rusage) -> Usage {
        let cpu = [used.ru_utime, used.ru_stime].reduce(Int64(0)) { sum, time in
            sum + Int64(time.tv_sec) * 1000 + Int64(time.tv_usec) / 1000
        }
        return Usage(cpuMilliseconds: cpu, peakResidentKiB: Int64(used.ru_maxrss))
    }

    private static func exit(_ status: Int32) -> Exit {
        bp_signaled(status) != 0 ? .signal(bp_term_signal(status)) : .code(bp_exit_status(status))
    }
}

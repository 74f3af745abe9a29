internal import CLinux
import Glibc

/// Signals are blocked before the first thread starts and taken by one thread that waits for them.
package enum Signals {
    package static let terminate = SIGTERM
    package static let interrupt = SIGINT
    package static let hangup = SIGHUP
    package static let child = SIGCHLD
    package static let kill = SIGKILL

    /// Blocks them for this thread and all that it starts. Call first thing in a program.
    package static func block(_ signals: [CInt]) {
        var set = mask(signals)
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// The next of these, which must be blocked.
    package static func wait(_ signals: [CInt]) -> CInt {
        var set = mask(signals)
        var received: CInt = 0
        while unsafe sigwait(&set, &received) != 0 {}
        return received
    }

    /// Like `wait`, but nil after the time is up.
    package static func wait(_ signals: [CInt], milliseconds: Int) -> CInt? {
        var set = mask(signals)
        var time = timespec(tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
        let received = unsafe sigtimedwait(&set, nil, &time)
        return received > 0 ? received : nil
    }

    /// Sends one to this process, as if from outside.
    package static func raise(_ signal: CInt) { Glibc.kill(getpid(), signal) }

    /// A closed connection is an error of `write`, not the end of the process.
    package static func ignorePipe() { signal(SIGPIPE, SIG_IGN) }

    /// This process is sent SIGTERM when the one that started it ends, however it ends.
    package static func dieWithParent(_ signal: CInt = SIGTERM) {
        _ = bp_prctl(PR_SET_PDEATHSIG, UInt(signal))
    }

    /// No core file, no other process of this user may read this one's memory, and no report of a crash shows any of it
    /// (trust.md S32): Swift's own prints what registers point to.
    package static func becomeUndumpable() {
        for crash in [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGQUIT] { signal(crash, SIG_DFL) }
        _ = bp_prctl(PR_SET_DUMPABLE, 0)
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    }

    /// Keeps this process's memory out of swap, now and later. False, with nothing locked, unless the limit on locked
    /// memory is unlimited (`LimitMEMLOCK=infinity`).
    package static func lockMemory() -> Bool { bp_lock_memory() == 0 }

    private static func mask(_ signals: [CInt]) -> sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in signals { unsafe sigaddset(&set, signal) }
        return set
    }
}

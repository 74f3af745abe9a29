internal import CLinux
import Glibc

/// A lock on a file or folder, of one holder on this machine at a time, also among threads. It goes with its holder,
/// however that ends.
package final class FileLock {
    private let file: Descriptor

    /// Waits for at most so long; nil where another has it still.
    package init?(_ path: String, milliseconds: Int) throws(ProcessError) {
        let number = unsafe bp_open(path, O_RDONLY | O_CLOEXEC, 0)
        guard number >= 0 else { throw ProcessError("open", path) }
        file = Descriptor(number)
        let deadline = Clock.monotonicMilliseconds() + Int64(milliseconds)
        while flock(number, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else { throw ProcessError("flock", path) }
            if Clock.monotonicMilliseconds() >= deadline { return nil }
            usleep(2000)
        }
    }

    /// For the end of what it was held for; without it the lock may go as soon as nobody names it any more.
    package func release() { _ = flock(file.number, LOCK_UN) }
}

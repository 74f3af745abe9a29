internal import CLinux
import Processes

/// Waits for a connection on a listening socket that many threads of many processes share, or for the time to stop.
///
/// With `poll` every idle thread woke for every connection; epoll's EPOLLEXCLUSIVE (Linux 4.5) wakes one.
struct Doorbell: ~Copyable {
    private let queue: Descriptor
    private let stop: Int32

    init(listening: Int32, stop: Int32) throws(ProcessError) {
        let number = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard number >= 0 else { throw ProcessError("epoll_create1", "") }
        let queue = Descriptor(number)
        guard bp_epoll_add(number, listening, 1) == 0, bp_epoll_add(number, stop, 0) == 0 else {
            throw ProcessError("epoll_ctl", "")
        }
        self.queue = queue
        self.stop = stop
    }

    /// Until a connection waits; false when it is time to stop.
    func waits() -> Bool {
        var isOver: Int32 = 0
        while unsafe bp_epoll_wait(queue.number, stop, &isOver) <= 0 {}
        return isOver == 0
    }
}

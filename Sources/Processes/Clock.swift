internal import CLinux
import Glibc

/// The machine's clocks, in milliseconds.
package enum Clock {
    /// Since the epoch; may jump.
    package static func milliseconds() -> Int64 { read(CLOCK_REALTIME) }

    /// Since some start; never jumps: for durations and deadlines.
    package static func monotonicMilliseconds() -> Int64 { read(CLOCK_MONOTONIC) }

    /// For retries of what gives no signal, such as a server that is away.
    package static func pause(milliseconds: Int) { usleep(UInt32(milliseconds) * 1000) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}

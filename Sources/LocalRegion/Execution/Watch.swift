internal import Processes

/// Looks at a running attempt every 50 ms: its memory, its time limit, its grace period.
enum Watch {
    private static let milliseconds = 50

    /// The thread ends with the sandbox.
    static func start(_ attempt: Attempt, _ sandbox: Sandbox) throws(ProcessError) -> Thread {
        let limit = attempt.job.needs.memoryMiB << 20
        return try Thread.start(name: "watch") {
            while !sandbox.hasEnded(withinMilliseconds: milliseconds) {
                attempt.checkClock()
                if MemoryMeter.bytes(under: sandbox.process) > limit { attempt.stop(.memory) }
            }
        }
    }
}

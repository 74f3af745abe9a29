internal import CLinux
import Glibc

/// Signals as a descriptor, to be waited for along with others. They must be blocked.
package struct SignalQueue: ~Copyable {
    package let descriptor: Descriptor

    package init(_ signals: [CInt]) throws(ProcessError) {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in signals { unsafe sigaddset(&set, signal) }
        let number = unsafe signalfd(-1, &set, Int32(SFD_NONBLOCK | SFD_CLOEXEC))
        guard number >= 0 else { throw ProcessError("signalfd", "") }
        descriptor = Descriptor(number)
    }

    /// One that has come, if any.
    package func next() -> CInt? {
        // A signalfd_siginfo, whose first field is the signal's number.
        guard let bytes = try? descriptor.read(max: 128), bytes.count == 128 else { return nil }
        return bytes[..<4].reversed().reduce(0) { $0 << 8 | CInt($1) }
    }
}

package enum Readiness {
    /// Those of the descriptors that can be read (or written); none when the time is up first, nil waits for ever.
    package static func wait(
        reading: [Int32], writing: [Int32], milliseconds: Int?
    ) -> (reading: Set<Int32>, writing: Set<Int32>) {
        var wanted =
            reading.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            + writing.map { pollfd(fd: $0, events: Int16(POLLOUT), revents: 0) }
        guard unsafe poll(&wanted, nfds_t(wanted.count), Int32(milliseconds ?? -1)) > 0 else { return ([], []) }
        let ready = wanted.indices.filter { wanted[$0].revents != 0 }
        return (
            Set(ready.filter { $0 < reading.count }.map { wanted[$0].fd }),
            Set(ready.filter { $0 >= reading.count }.map { wanted[$0].fd })
        )
    }
}

extension Descriptor {
    /// Makes a named pipe and opens both its ends here, so that it never ends; reading and writing do not wait.
    package static func makingPipe(_ path: String) throws(ProcessError) -> Descriptor {
        guard unsafe mkfifo(path, 0o600) == 0 else { throw ProcessError("mkfifo", path) }
        let number = unsafe bp_open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC, 0)
        guard number >= 0 else { throw ProcessError("open", path) }
        return Descriptor(number)
    }

    /// What is there, at most `max` bytes; none where nothing is.
    package func readWithoutWaiting(max: Int) throws(ProcessError) -> [UInt8] {
        do throws(ProcessError) { return try read(max: max) } catch {
            guard error.code == EAGAIN else { throw error }
            return []
        }
    }

    /// Writes what there is room for and answers how many bytes that were.
    package func writeWithoutWaiting(_ bytes: ArraySlice<UInt8>) throws(ProcessError) -> Int {
        let wrote = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(number, $0.baseAddress, bytes.count) }
        guard wrote < 0 else { return wrote }
        guard errno == EAGAIN || errno == EINTR else { throw ProcessError("write", "descriptor \(number)") }
        return 0
    }

    /// At most `count` bytes of a file from `offset` on.
    package func read(at offset: Int, count: Int) throws(ProcessError) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let got = unsafe pread(number, buffer.baseAddress, count, off_t(offset))
            if got < 0 { failure = errno }
            filled = Swift.max(0, got)
        }
        guard failure == 0 else { throw ProcessError("pread", "descriptor \(number)", code: failure) }
        return bytes
    }
}

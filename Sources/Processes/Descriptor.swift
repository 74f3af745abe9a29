internal import CLinux
import Glibc

/// Owner of a file descriptor; closes it when it goes.
package struct Descriptor: ~Copyable {
    package let number: Int32

    /// Takes ownership.
    package init(_ number: Int32) { self.number = number }

    deinit { close(number) }

    /// Gives ownership away: whoever takes the number closes it.
    package consuming func release() -> Int32 {
        let number = number
        discard self
        return number
    }

    /// At most `max` bytes; none at the end.
    package func read(max: Int) throws(ProcessError) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: max) { buffer, count in
            var got = -1
            repeat { got = unsafe Glibc.read(number, buffer.baseAddress, max) } while got < 0 && errno == EINTR
            if got < 0 { failure = errno }
            count = Swift.max(0, got)
        }
        guard failure == 0 else { throw ProcessError("read", "descriptor \(number)", code: failure) }
        return bytes
    }

    package func write(_ bytes: [UInt8]) throws(ProcessError) {
        var done = 0
        while done < bytes.count {
            let wrote = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(number, buffer.baseAddress.map { unsafe $0 + done }, bytes.count - done)
            }
            if wrote < 0, errno == EINTR { continue }
            guard wrote > 0 else { throw ProcessError("write", "descriptor \(number)") }
            done += wrote
        }
    }

    /// Whether something can be read (or the other end is closed) within the time; -1 waits for ever.
    package func isReadable(milliseconds: Int) -> Bool {
        var wanted = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&wanted, 1, Int32(milliseconds)) > 0
    }
}

/// A pipe, both ends closed on exec; hand an end to a child through `Spawn.descriptors`.
package struct Pipe: ~Copyable {
    package let reading: Descriptor
    package let writing: Descriptor

    package init() throws(ProcessError) {
        var ends: [Int32] = [0, 0]
        guard unsafe pipe2(&ends, O_CLOEXEC) == 0 else { throw ProcessError("pipe2", "") }
        reading = Descriptor(ends[0])
        writing = Descriptor(ends[1])
    }

    /// This end alone; the other is closed here, as is due once a child has it.
    package consuming func readingEnd() -> Descriptor { reading }

    package consuming func writingEnd() -> Descriptor { writing }

    /// Gives ownership of both ends away.
    package consuming func release() -> (reading: Int32, writing: Int32) { (reading.release(), writing.release()) }
}

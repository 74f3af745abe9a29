import Glibc
import Processes
import Synchronization
import TestSupport
import Testing

@testable import FastCGI

/// Large pieces of an answer as records of FastCGI 1.0 §3.3, read at the other end of a connection.
struct RecordWritingTests {
    private static let request = 0x1234

    private struct Record {
        let head: [UInt8]
        let content: [UInt8]

        var request: Int { Int(head[2]) << 8 | Int(head[3]) }
        var padding: Int { Int(head[6]) }

        /// All that the bytes are made of; nil where they end in the middle of one.
        static func all(in bytes: [UInt8]) -> [Record]? {
            var (records, rest): ([Record], ArraySlice<UInt8>) = ([], bytes[...])
            while !rest.isEmpty {
                let head = Array(rest.prefix(8))
                guard head.count == 8 else { return nil }
                let count = Int(head[4]) << 8 | Int(head[5])
                let content = Array(rest.dropFirst(8).prefix(count))
                guard rest.count >= 8 + count + Int(head[6]) else { return nil }
                records.append(Record(head: head, content: content))
                rest = rest.dropFirst(8 + count + Int(head[6]))
            }
            return records
        }
    }

    private static func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 / 5) } }

    /// Writes in a thread of its own while `read` takes from the other end.
    private func written(
        _ bytes: [UInt8], _ read: (_ end: borrowing Descriptor, _ writer: pthread_t) throws -> [UInt8]
    ) throws -> [UInt8] {
        var ends: [Int32] = [0, 0]
        try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        let end = Descriptor(ends[0])
        let other = ends[1]
        let writer = Writer()
        let thread = try Thread.start(name: "writer") {
            // The threads that tests run on take no signals, and those that they start neither.
            var signals = sigset_t()
            unsafe sigemptyset(&signals)
            unsafe sigaddset(&signals, SIGUSR2)
            unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
            writer.handle.withLock { $0 = pthread_self() }
            do {
                try RecordWriting.write(bytes, request: Int32(Self.request), to: other)
            } catch {
                Issue.record(error)
            }
            close(other)
        }
        defer { thread.join() }
        #expect(eventually { writer.handle.withLock { $0 != nil } })
        let handle = try #require(writer.handle.withLock { $0 })
        return try read(end, handle)
    }

    private func check(_ answer: [UInt8], _ bytes: [UInt8]) throws {
        let records = try #require(Record.all(in: answer), "the last record is not whole")
        for record in records {
            #expect(record.head[0] == 1 && record.head[1] == 6 && record.request == Self.request)
            #expect((record.content.count + record.padding) % 8 == 0 && record.padding < 8)
            #expect(!record.content.isEmpty, "an empty record ends the answer")
        }
        #expect(records.flatMap(\.content) == bytes)
    }

    @Test(arguments: [1, 7, 8, 9, 8193, 65_527, 65_528, 65_529, 65_535, 65_536, 131_055, 131_057, 200_001])
    func everyByteStandsInAWholeRecord(count: Int) throws {
        let bytes = Self.bytes(count)
        let answer = try written(bytes) { end, _ in
            var answer: [UInt8] = []
            while case let piece = try end.read(max: 1 << 16), !piece.isEmpty { answer += piece }
            return answer
        }
        try check(answer, bytes)
    }

    /// A signal ends a call of the system in its middle: what is left goes out, and nothing twice.
    @Test func aSignalInTheMiddleLosesNothing() throws {
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_handler = { _ in }
        try #require(unsafe sigaction(SIGUSR2, &action, nil) == 0)
        let bytes = Self.bytes(900_001)
        let answer = try written(bytes) { end, writer in
            var answer: [UInt8] = []
            let whole = bytes.count + 8 * (1 + bytes.count / 65_528)
            while answer.count < whole {
                pthread_kill(writer, SIGUSR2)
                let piece = try end.read(max: 1000)
                if piece.isEmpty { return answer }
                answer += piece
            }
            while case let piece = try end.read(max: 1 << 16), !piece.isEmpty { answer += piece }
            return answer
        }
        try check(answer, bytes)
    }
}

/// The thread that writes, once it has begun.
private final class Writer: Sendable {
    let handle = Mutex<pthread_t?>(nil)
}

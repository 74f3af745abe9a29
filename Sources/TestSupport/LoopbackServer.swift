internal import Glibc
internal import Processes
internal import Synchronization

/// A server on 127.0.0.1 that treats each connection as the test says: a peer with the faults that real ones have.
package final class LoopbackServer: Sendable {
    package let port: Int
    private let listener: Int32
    private let log = LoopbackLog()

    /// Serves each connection on a thread of its own for as long as `body` runs, and returns when all have ended.
    /// Clients made in `body` must be gone when it ends. What `serve` throws ends that connection only.
    package static func run<R>(
        _ serve: @escaping @Sendable (inout LoopbackConnection) throws -> Void, _ body: (LoopbackServer) throws -> R
    ) throws -> R {
        let server = try LoopbackServer()
        let thread = try Thread.start(name: "loopback") { server.accept(serve) }
        defer {
            shutdown(server.listener, Int32(SHUT_RDWR))
            thread.join()
        }
        return try body(server)
    }

    private init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard listener >= 0 else { throw ProcessError("socket", "127.0.0.1") }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe bind(listener, address, length) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, address, &length) == 0
            }
        }
        guard isListening else { throw ProcessError("listen", "127.0.0.1") }
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(listener) }

    package var url: String { "http://127.0.0.1:\(port)" }
    /// Those accepted so far.
    package var connections: Int { log.connections }
    /// Those read whole so far.
    package var requests: [LoopbackRequest] { log.requests }

    private func accept(_ serve: @escaping @Sendable (inout LoopbackConnection) throws -> Void) {
        var threads: [Thread] = []
        defer { for thread in threads { thread.join() } }
        while true {
            let number = Glibc.accept(listener, nil, nil)
            if number < 0, errno == EINTR { continue }
            guard number >= 0 else { return }
            let index = log.countConnection()
            let thread = try? Thread.start(name: "loopback") { [log] in
                var connection = LoopbackConnection(Descriptor(number), index: index, log)
                try? serve(&connection)
            }
            guard let thread else { preconditionFailure("no thread for a connection") }
            threads.append(thread)
        }
    }
}

final class LoopbackLog: Sendable {
    private let seen = Mutex<(connections: Int, requests: [LoopbackRequest])>((0, []))

    var connections: Int { seen.withLock { $0.connections } }
    var requests: [LoopbackRequest] { seen.withLock { $0.requests } }

    /// How many there were before.
    func countConnection() -> Int {
        seen.withLock { seen in
            seen.connections += 1
            return seen.connections - 1
        }
    }

    func note(_ request: LoopbackRequest) { seen.withLock { $0.requests.append(request) } }
}

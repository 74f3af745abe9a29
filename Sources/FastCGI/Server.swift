internal import CFastCGI
import Glibc
package import HTTP
package import Processes
import Synchronization

package struct ServerOptions: Sendable {
    /// 1 to 4: libfcgi aborts a process on some crafted records, which then costs no more requests than this.
    package var threads = 4
    package var limits = RequestLimits()

    package init() {}
}

/// A FastCGI responder: threads that accept on one shared listening socket, each owning a state of its own.
package enum FastCGIServer {
    /// Answers requests until `stop` can be read or is closed, finishes those under way, and returns.
    ///
    /// `makeState` runs in each thread; while it throws, requests there are refused with 503. SIGPIPE must be ignored
    /// and other signals blocked before.
    package static func run<State: ~Copyable>(
        listening: Int32, options: ServerOptions, stop: Int32,
        makeState: @escaping @Sendable () throws -> State,
        refuse: @escaping @Sendable (RequestError) -> Response,
        handle: @escaping @Sendable (Request, inout RequestBody, inout State) -> Response
    ) throws(ProcessError) {
        FCGX_Init()
        let flags = fcntl(listening, F_GETFL)
        _ = fcntl(listening, F_SETFL, flags | O_NONBLOCK)
        var threads: [Thread] = []
        for number in 1...max(1, min(4, options.threads)) {
            threads.append(
                try Thread.start(name: "fastcgi-\(number)", stackSize: 2 << 20) {
                    do throws(ProcessError) {
                        var worker = ServingThread<State>(
                            listening: listening, doorbell: try Doorbell(listening: listening, stop: stop),
                            limits: options.limits, makeState: makeState, refuse: refuse, handle: handle)
                        worker.serve()
                    } catch {
                        StandardError.write(line: "fastcgi: \(error)")
                    }
                })
        }
        for thread in threads { thread.join() }
    }
}

private struct ServingThread<State: ~Copyable>: ~Copyable {
    let listening: Int32
    let doorbell: Doorbell
    let limits: RequestLimits
    let makeState: @Sendable () throws -> State
    let refuse: @Sendable (RequestError) -> Response
    let handle: @Sendable (Request, inout RequestBody, inout State) -> Response
    var state: State? = nil

    mutating func serve() {
        let connection = FastCGIConnection(listening: listening)
        prepare()
        while doorbell.waits() {
            guard connection.accept() else { continue }
            if answer(connection) { connection.finish() } else { connection.drop() }
        }
    }

    private mutating func prepare() {
        guard state == nil else { return }
        state = try? makeState()
    }

    /// False if nothing, or not all, could be said: the connection is dropped then.
    private mutating func answer(_ connection: FastCGIConnection) -> Bool {
        let response = respond(connection)
        do {
            return try ResponseWriting.write(response) { bytes in try connection.write(bytes) }
        } catch {
            return false
        }
    }

    private mutating func respond(_ connection: FastCGIConnection) -> Response {
        let request: Request
        do {
            request = try connection.parameters().request(limits)
        } catch {
            return refuse(error)
        }
        prepare()
        guard var present = state.take() else { return refuse(.notReady) }
        var body = RequestBody(length: request.contentLength) { max in
            try connection.read(max: max)
        } clientLeaves: { milliseconds in
            connection.waitUntilClientLeaves(milliseconds: milliseconds)
        }
        let response = handle(request, &body, &present)
        state = consume present
        return response
    }
}

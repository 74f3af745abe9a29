import Glibc
import HTTP

extension Fault {
    /// What takes the place of the operation; nil if it is to be done (perhaps a while later).
    func before(_ body: inout RequestBody, _ service: LocalService) throws -> Response? {
        switch kind {
        case .delay: wait()
        case .hang: return try hang(&body)
        case .dropBefore: return Response(status: 500, body: .dropped)
        case .error: throw fault
        case .throttle, .rate: throw service.throttled
        case .expiredToken: throw service.expiredToken
        case .delayAfter, .hangAfter, .dropAfter, .errorAfter, .stale: break
        }
        return nil
    }

    /// What the client gets of an operation that was done.
    func after(_ response: Response, _ body: inout RequestBody) throws -> Response {
        switch kind {
        case .delayAfter: wait()
        case .hangAfter: return try hang(&body)
        case .dropAfter: return Response(status: 500, body: .dropped)
        case .errorAfter: throw fault
        case .delay, .hang, .dropBefore, .error, .throttle, .rate, .expiredToken, .stale: break
        }
        return response
    }

    /// How old what Batch shows is to be.
    var age: Int? { kind == .stale ? milliseconds : nil }

    private func wait() { _ = poll(nil, 0, Int32(clamping: milliseconds)) }

    private func hang(_ body: inout RequestBody) throws -> Response {
        while try body.chunk(max: 1 << 18) != nil {}
        body.waitUntilClientLeaves(milliseconds: milliseconds)
        return Response(status: 500, body: .dropped)
    }
}

extension LocalService {
    /// As each says it (aws.md 1.1).
    fileprivate var throttled: LocalFault {
        switch self {
        case .batch: LocalFault(status: 429, code: "TooManyRequestsException", message: "Too Many Requests")
        case .logs: LocalFault(code: "ThrottlingException", message: "Rate exceeded")
        case .s3: LocalFault(status: 503, code: "SlowDown", message: "Please reduce your request rate.")
        default: LocalFault(code: "Throttling", message: "Rate exceeded")
        }
    }
}

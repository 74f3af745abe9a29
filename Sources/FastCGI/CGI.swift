import Glibc
package import HTTP
package import Processes

/// One request as plain CGI (RFC 3875): variables in the environment, body on standard input, answer on standard output.
package enum CGI {
    package static func isCGI(_ environment: [String: String]) -> Bool {
        environment["GATEWAY_INTERFACE"]?.hasPrefix("CGI/") == true && environment["REQUEST_METHOD"] != nil
    }

    package static func run<State: ~Copyable>(
        environment: [String: String], limits: RequestLimits = RequestLimits(), makeState: () throws -> State,
        refuse: (RequestError) -> Response, handle: (Request, inout RequestBody, inout State) -> Response
    ) throws(ProcessError) {
        let output = Descriptor(dup(1))
        let response = respond(environment, limits, makeState, refuse, handle)
        do {
            _ = try ResponseWriting.write(response) { bytes in try output.write(bytes) }
        } catch let error as ProcessError {
            throw error
        } catch {
            throw ProcessError("answer", "standard output", code: EIO)
        }
    }

    private static func respond<State: ~Copyable>(
        _ environment: [String: String], _ limits: RequestLimits, _ makeState: () throws -> State,
        _ refuse: (RequestError) -> Response, _ handle: (Request, inout RequestBody, inout State) -> Response
    ) -> Response {
        var parameters = RequestParameters()
        for (name, value) in environment { parameters.take(name, value) }
        let request: Request
        do {
            request = try parameters.request(limits)
        } catch {
            return refuse(error)
        }
        guard var state = try? makeState() else { return refuse(.notReady) }
        var body = standardInput(request.contentLength)
        return handle(request, &body, &state)
    }

    /// Exactly the announced bytes: a CGI program must not wait for the end of its input (RFC 3875 §4.2).
    private static func standardInput(_ length: Int?) -> RequestBody {
        var left = length ?? .max
        return RequestBody(length: length) { max in
            guard left > 0 else { return [] }
            let input = Descriptor(dup(0))
            let bytes = try input.read(max: Swift.min(max, left))
            left -= bytes.count
            return bytes
        }
    }
}

internal import CCurl

/// One libcurl handle with its connections, for the one thread that made it.
///
/// Speaks HTTP/1.1 over http and https, follows no redirect, takes nothing from the environment (no proxy variables, no
/// netrc), verifies certificates and sends only the headers it is given besides `Content-Length` and, unless given,
/// `Host`. A reused connection that turns out dead is replaced and the request sent again by libcurl, so what must not
/// be sent twice asks for `onFreshConnection`.
@safe package struct HTTPClient: ~Copyable {
    private var handle: UnsafeMutableRawPointer
    private let options: Options

    package init(_ options: Options = Options()) {
        precondition(isLibraryReady, "libcurl does not start")
        unsafe handle = unsafe Self.open()
        self.options = options
    }

    private static func open() -> UnsafeMutableRawPointer {
        guard let opened = unsafe curl_easy_init() else { preconditionFailure("out of memory") }
        return unsafe opened
    }

    deinit { unsafe curl_easy_cleanup(handle) }

    /// Any status is an answer, not an error.
    package mutating func send(_ request: Request) throws(HTTPClientError) -> Response {
        try perform(request, receive: nil)
    }

    /// Gives a successful answer's body (2xx) piece by piece to `receive`; any other answer's body is in the response.
    /// What `receive` throws ends the transfer and is the error's `cause`.
    package mutating func send(
        _ request: Request, receive: (_ chunk: [UInt8]) throws -> Void
    ) throws(HTTPClientError) -> Response {
        try withoutActuallyEscaping(receive) { (receive) throws(HTTPClientError) in
            try perform(request, receive: receive)
        }
    }

    private mutating func perform(
        _ request: Request, receive: (([UInt8]) throws -> Void)?
    ) throws(HTTPClientError) -> Response {
        try request.check()
        var transfer = Transfer(request, isAllowed: options.proxy == nil ? options.isAllowed : nil, receive)
        let code = unsafe withUnsafeMutablePointer(to: &transfer) { context in
            var setup = unsafe EasySetup(handle)
            setup.apply(options)
            unsafe setup.apply(request, context)
            return unsafe setup.failure ?? curl_easy_perform(handle)
        }
        var sent = 0
        _ = unsafe bp_curl_get_long(handle, CURLINFO_REQUEST_SIZE, &sent)
        // Connections stay; every option, and with them the pointers to this call's values, go.
        unsafe curl_easy_reset(handle)
        if code != CURLE_OK { reopen() }
        let failure = transfer.failure ?? (code == CURLE_OK && !transfer.isHeadWhole ? .cutOff : nil)
        if code != CURLE_OK || failure != nil { throw HTTPClientError(code, failure, nothingWasSent: sent == 0) }
        return Response(status: transfer.status, headers: transfer.headers, body: transfer.body)
    }

    /// After a failure the handle is not to be trusted: libcurl 7.88 keeps the buffer of a transfer that found no address,
    /// and refuses every later one's CURLOPT_BUFFERSIZE for it.
    private mutating func reopen() {
        unsafe curl_easy_cleanup(handle)
        unsafe handle = unsafe Self.open()
    }
}

private let isLibraryReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

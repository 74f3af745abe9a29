internal import CCurl

/// Sets a handle's options and keeps the first refusal.
@safe struct EasySetup: ~Copyable {
    private let handle: UnsafeMutableRawPointer
    private var fields: UnsafeMutablePointer<curl_slist>?
    private(set) var failure: CURLcode?

    init(_ handle: UnsafeMutableRawPointer) {
        unsafe self.handle = unsafe handle
        unsafe fields = nil
    }

    deinit { unsafe curl_slist_free_all(fields) }

    mutating func apply(_ options: HTTPClient.Options) {
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_NETRC, 0)
        set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
        set(CURLOPT_PATH_AS_IS, 1)
        // HTTP/2 may send a refused request again by itself, on a fresh connection too.
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        set(CURLOPT_PROXY, options.proxy ?? "")
        set(CURLOPT_NOPROXY, options.directHosts.joined(separator: ","))
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        if let caFile = options.caFile { set(CURLOPT_CAINFO, caFile) }
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_BUFFERSIZE, 256 << 10)
        set(CURLOPT_UPLOAD_BUFFERSIZE, 256 << 10)
    }

    mutating func apply(_ request: HTTPClient.Request, _ context: UnsafeMutablePointer<Transfer>) {
        set(CURLOPT_URL, request.url)
        set(CURLOPT_CONNECTTIMEOUT_MS, request.connectMilliseconds)
        set(CURLOPT_TIMEOUT_MS, request.totalMilliseconds)
        set(CURLOPT_LOW_SPEED_LIMIT, request.idleMilliseconds > 0 ? 1 : 0)
        set(CURLOPT_LOW_SPEED_TIME, (request.idleMilliseconds + 999) / 1000)
        set(CURLOPT_FRESH_CONNECT, request.onFreshConnection ? 1 : 0)
        set(CURLOPT_FORBID_REUSE, request.onFreshConnection ? 1 : 0)
        apply(method: request.method, length: request.uploadLength)
        apply(request.headers)
        unsafe note(bp_curl_on_body(handle, onBody, context))
        unsafe note(bp_curl_on_header(handle, onHeader, context))
        unsafe note(bp_curl_on_read(handle, onRead, context))
        unsafe note(bp_curl_on_seek(handle, onSeek, context))
        unsafe note(bp_curl_on_socket(handle, onSocket, context))
    }

    private mutating func apply(method: String, length: Int64?) {
        if let length {
            set(CURLOPT_UPLOAD, 1)
            unsafe note(bp_curl_set_offset(handle, CURLOPT_INFILESIZE_LARGE, Int(length)))
        } else if method == "HEAD" {
            set(CURLOPT_NOBODY, 1)
        }
        if method != "HEAD" { set(CURLOPT_CUSTOMREQUEST, method) }
    }

    /// A name with a colon and nothing after it takes back what libcurl would add by itself.
    private mutating func apply(_ headers: [(name: String, value: String)]) {
        var lines = headers.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
        for name in ["accept", "expect", "content-type", "transfer-encoding", "user-agent"]
        where !headers.contains(where: { $0.name.lowercased() == name }) {
            lines.append("\(name):")
        }
        for line in lines {
            guard let longer = unsafe curl_slist_append(fields, line) else { preconditionFailure("out of memory") }
            unsafe fields = unsafe longer
        }
        unsafe note(bp_curl_set_pointer(handle, CURLOPT_HTTPHEADER, fields))
    }

    private mutating func set(_ option: CURLoption, _ value: Int) {
        unsafe note(bp_curl_set_long(handle, option, value))
    }

    private mutating func set(_ option: CURLoption, _ value: String) {
        unsafe note(bp_curl_set_string(handle, option, value))
    }

    private mutating func note(_ code: CURLcode) {
        if code != CURLE_OK, failure == nil { failure = code }
    }
}

extension HTTPClient.Request {
    /// POST and PUT always say how long their body is, be it 0.
    fileprivate var uploadLength: Int64? {
        switch body {
        case .none: method == "POST" || method == "PUT" ? 0 : nil
        case .bytes(let bytes): Int64(bytes.count)
        case .stream(let length, _): length
        }
    }
}

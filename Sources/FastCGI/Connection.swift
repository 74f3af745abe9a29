internal import CFastCGI
import Glibc
import HTTP

/// One accepted request of libfcgi, owned by the thread that accepts: its parameters, body and answer.
@safe final class FastCGIConnection {
    private let raw: UnsafeMutablePointer<FCGX_Request>

    init(listening descriptor: Int32) {
        unsafe raw = UnsafeMutablePointer<FCGX_Request>.allocate(capacity: 1)
        unsafe raw.initialize(to: FCGX_Request())
        unsafe FCGX_InitRequest(raw, descriptor, FCGI_FAIL_ACCEPT_ON_INTR)
    }

    deinit {
        unsafe FCGX_Free(raw, 1)
        unsafe raw.deallocate()
    }

    /// Takes a waiting connection; false if another thread or process was quicker, or what came was no request.
    func accept() -> Bool { unsafe FCGX_Accept_r(raw) == 0 }

    /// Never keeps the connection, whatever the web server asks: an idle one would hold a thread.
    func finish() {
        unsafe raw.pointee.keepConnection = 0
        unsafe FCGX_Finish_r(raw)
    }

    /// Ends the connection without an answer: nginx then says 502 to its client.
    func drop() { unsafe FCGX_Free(raw, 1) }

    func parameters() -> RequestParameters {
        var parameters = RequestParameters()
        guard var entry = unsafe raw.pointee.envp else { return parameters }
        while let pair = unsafe entry.pointee {
            if let equals = unsafe strchr(pair, 0x3D) {
                let name = unsafe UnsafeRawBufferPointer(start: pair, count: equals - pair)
                unsafe parameters.take(String(decoding: name, as: UTF8.self), String(cString: equals + 1))
            }
            unsafe entry += 1
        }
        return parameters
    }

    /// At most `max` bytes of the body, none at its end.
    func read(max: Int) throws -> [UInt8] {
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: max) { buffer, count in
            count = unsafe buffer.withMemoryRebound(to: CChar.self) { chars in
                Swift.max(0, Int(unsafe FCGX_GetStr(chars.baseAddress, Int32(clamping: max), raw.pointee.in)))
            }
        }
        if bytes.count < max, unsafe FCGX_GetError(raw.pointee.in) != 0 { throw BodyError.truncated }
        return bytes
    }

    /// The web server closes its end when its client has gone.
    func waitUntilClientLeaves(milliseconds: Int) {
        var wanted = unsafe pollfd(fd: raw.pointee.ipcFd, events: Int16(POLLIN), revents: 0)
        _ = unsafe poll(&wanted, 1, Int32(clamping: milliseconds))
    }

    /// Large pieces go past libfcgi's buffer.
    func write(_ bytes: [UInt8]) throws {
        if bytes.count > 8192 {
            guard unsafe FCGX_FFlush(raw.pointee.out) == 0 else { throw ClientGone() }
            return try unsafe RecordWriting.write(bytes, request: raw.pointee.requestId, to: raw.pointee.ipcFd)
        }
        var rest = bytes[...]
        while !rest.isEmpty {
            let wrote = unsafe rest.withUnsafeBytes { buffer in
                unsafe FCGX_PutStr(
                    buffer.bindMemory(to: CChar.self).baseAddress, Int32(clamping: buffer.count), raw.pointee.out)
            }
            guard wrote > 0 else { throw ClientGone() }
            rest = rest.dropFirst(Int(wrote))
        }
    }
}

/// The client closed its connection before it had the whole answer.
package struct ClientGone: Error {}

internal import CCurl

// libcurl's callbacks. Each context is the `Transfer` that `HTTPClient.perform` lends for the time of the call.

func onBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    let total = size * count
    let taken = unsafe transfer(context).pointee.takeBody(copy(bytes, total))
    return taken ? total : total + 1
}

func onHeader(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    let total = size * count
    let taken = unsafe transfer(context).pointee.takeHeader(copy(bytes, total))
    return taken ? total : total + 1
}

func onRead(
    _ room: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let room = unsafe room, let bytes = unsafe transfer(context).pointee.giveBody(max: size * count) else {
        return Int(CURL_READFUNC_ABORT)
    }
    unsafe UnsafeMutableRawPointer(room).copyMemory(from: bytes, byteCount: bytes.count)
    return bytes.count
}

func onSeek(_ context: UnsafeMutableRawPointer?, _ offset: curl_off_t, _ origin: Int32) -> Int32 {
    unsafe transfer(context).pointee.seek(to: Int64(offset))
    return CURL_SEEKFUNC_OK
}

func onSocket(
    _ context: UnsafeMutableRawPointer?, _ purpose: curlsocktype, _ peer: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    var bytes = [UInt8](repeating: 0, count: 16)
    var port: UInt32 = 0
    let length = unsafe bp_curl_address(peer, &bytes, &port)
    let isAllowed = unsafe transfer(context).pointee.mayConnect(to: Array(bytes.prefix(length)), Int(port))
    return isAllowed ? unsafe bp_curl_socket(peer) : -1
}

private func transfer(_ context: UnsafeMutableRawPointer?) -> UnsafeMutablePointer<Transfer> {
    guard let context = unsafe context else { preconditionFailure("libcurl lost the context it was given") }
    return unsafe context.assumingMemoryBound(to: Transfer.self)
}

private func copy(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> [UInt8] {
    unsafe [UInt8](UnsafeRawBufferPointer(start: bytes, count: count))
}

import Glibc
package import Processes

/// A listening UNIX socket at a path; what stands there from before is replaced.
package func listenUNIX(path: String, mode: UInt32 = 0o660, backlog: Int32 = 512) throws(ProcessError) -> Int32 {
    var address = sockaddr_un()
    let bytes = Array(path.utf8)
    let room = MemoryLayout.size(ofValue: address.sun_path)
    guard bytes.count < room else { throw ProcessError("bind", path, code: ENAMETOOLONG) }
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
    let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard number >= 0 else { throw ProcessError("socket", path) }
    _ = unsafe unlink(path)
    let bound = unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            unsafe bind(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
    guard bound == 0 else { throw ProcessError("bind", path) }
    guard unsafe chmod(path, mode) == 0 else { throw ProcessError("chmod", path) }
    guard listen(number, backlog) == 0 else { throw ProcessError("listen", path) }
    return number
}

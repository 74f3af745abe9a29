internal import COpenSSL

/// Bytes from the operating system's generator, by way of OpenSSL; a program that cannot have them must not go on.
package func randomBytes(_ count: Int) -> [UInt8] {
    var out = [UInt8](repeating: 0, count: count)
    let done = unsafe RAND_bytes(&out, Int32(count))
    precondition(done == 1, "the operating system gives random bytes")
    return out
}

internal import COpenSSL

/// scrypt (RFC 7914). OpenSSL refuses more than 32 MiB unless told how much: it is told what these parameters need, so
/// that a good setting never falls back to a weak one.
package func scrypt(
    password: [UInt8], salt: [UInt8], n: Int, r: Int, p: Int, length: Int
) throws(CryptographyError) -> [UInt8] {
    clearErrors()
    guard n > 1, r > 0, p > 0, n <= 1 << 20, r <= 64, p <= 64, length > 0 else { throw failed("scrypt") }
    var out = [UInt8](repeating: 0, count: length)
    let memory = UInt64(128 * r * (n + p + 2) + (1 << 20))
    let done = unsafe password.withUnsafeBytes { password in
        unsafe EVP_PBE_scrypt(
            password.bindMemory(to: CChar.self).baseAddress, password.count, salt, salt.count, UInt64(n), UInt64(r),
            UInt64(p), memory, &out, length)
    }
    guard done == 1 else { throw failed("scrypt") }
    return out
}

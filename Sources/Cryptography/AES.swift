internal import COpenSSL

/// AES-256-GCM (NIST SP 800-38D): key 32 bytes, nonce 12, tag 16 behind the ciphertext.
package enum AES256GCM {
    package static func seal(
        _ plaintext: [UInt8], key: [UInt8], nonce: [UInt8], authenticating context: [UInt8]
    ) throws(CryptographyError) -> [UInt8] {
        guard key.count == 32, nonce.count == 12 else { throw failed("AES-GCM", .badLength) }
        let cipher = CipherContext()
        var out = [UInt8](repeating: 0, count: plaintext.count)
        var tag = [UInt8](repeating: 0, count: 16)
        var count: Int32 = 0
        var good = unsafe EVP_EncryptInit_ex(cipher.handle, EVP_aes_256_gcm(), nil, key, nonce) == 1
        good = unsafe good && EVP_EncryptUpdate(cipher.handle, nil, &count, context, Int32(context.count)) == 1
        good = unsafe good && EVP_EncryptUpdate(cipher.handle, &out, &count, plaintext, Int32(plaintext.count)) == 1
        good = unsafe good && EVP_EncryptFinal_ex(cipher.handle, nil, &count) == 1
        good = unsafe good && EVP_CIPHER_CTX_ctrl(cipher.handle, EVP_CTRL_AEAD_GET_TAG, 16, &tag) == 1
        guard good else { throw failed("AES-GCM") }
        return out + tag
    }

    package static func open(
        _ sealed: [UInt8], key: [UInt8], nonce: [UInt8], authenticating context: [UInt8]
    ) throws(CryptographyError) -> [UInt8] {
        guard key.count == 32, nonce.count == 12, sealed.count >= 16 else { throw failed("AES-GCM", .badLength) }
        let cipher = CipherContext()
        let ciphertext = Array(sealed.dropLast(16))
        var tag = Array(sealed.suffix(16))
        var out = [UInt8](repeating: 0, count: ciphertext.count)
        var count: Int32 = 0
        var good = unsafe EVP_DecryptInit_ex(cipher.handle, EVP_aes_256_gcm(), nil, key, nonce) == 1
        good = unsafe good && EVP_DecryptUpdate(cipher.handle, nil, &count, context, Int32(context.count)) == 1
        good = unsafe good && EVP_DecryptUpdate(cipher.handle, &out, &count, ciphertext, Int32(ciphertext.count)) == 1
        good = unsafe good && EVP_CIPHER_CTX_ctrl(cipher.handle, EVP_CTRL_AEAD_SET_TAG, 16, &tag) == 1
        guard unsafe good && EVP_DecryptFinal_ex(cipher.handle, nil, &count) == 1 else {
            wipe(&out)
            throw failed("AES-GCM", .notAuthentic)
        }
        return out
    }
}

/// AES-256 key wrap (RFC 3394): keys of a multiple of 8 bytes, at least 16, become 8 bytes longer.
package enum AESKeyWrap {
    package static func wrap(_ key: [UInt8], with wrapping: [UInt8]) throws(CryptographyError) -> [UInt8] {
        guard wrapping.count == 32, key.count >= 16, key.count % 8 == 0 else { throw failed("key wrap", .badLength) }
        let cipher = CipherContext()
        var out = [UInt8](repeating: 0, count: key.count + 16)
        var count: Int32 = 0
        var good = unsafe EVP_EncryptInit_ex(cipher.handle, EVP_aes_256_wrap(), nil, wrapping, nil) == 1
        good = unsafe good && EVP_EncryptUpdate(cipher.handle, &out, &count, key, Int32(key.count)) == 1
        guard good, count == key.count + 8 else { throw failed("key wrap") }
        return Array(out.prefix(Int(count)))
    }

    package static func unwrap(_ wrapped: [UInt8], with wrapping: [UInt8]) throws(CryptographyError) -> [UInt8] {
        guard wrapping.count == 32, wrapped.count >= 24, wrapped.count % 8 == 0 else {
            throw failed("key wrap", .badLength)
        }
        let cipher = CipherContext()
        var out = [UInt8](repeating: 0, count: wrapped.count + 8)
        var count: Int32 = 0
        var good = unsafe EVP_DecryptInit_ex(cipher.handle, EVP_aes_256_wrap(), nil, wrapping, nil) == 1
        good = unsafe good && EVP_DecryptUpdate(cipher.handle, &out, &count, wrapped, Int32(wrapped.count)) == 1
        guard good, count == wrapped.count - 8 else { throw failed("key wrap", .notAuthentic) }
        out.removeLast(out.count - Int(count))  // In place: a copy would leave a key behind.
        return out
    }
}

@safe private struct CipherContext: ~Copyable {
    let handle: OpaquePointer

    init() {
        clearErrors()
        guard let handle = unsafe EVP_CIPHER_CTX_new() else { preconditionFailure("out of memory") }
        unsafe self.handle = unsafe handle
        unsafe EVP_CIPHER_CTX_set_flags(handle, Int32(EVP_CIPHER_CTX_FLAG_WRAP_ALLOW))
    }

    deinit { unsafe EVP_CIPHER_CTX_free(handle) }
}

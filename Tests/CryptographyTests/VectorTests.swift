import Testing

@testable import Cryptography

/// Published vectors, each from the document named.
struct VectorTests {
    private static func bytes(_ hexText: String) throws -> [UInt8] {
        try #require(unhex(hexText.filter { $0 != " " }))
    }

    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ])
    func sha256OfFIPS180(text: String, digest: String) {
        #expect(hex(sha256(Array(text.utf8))) == digest)
        var pieces = SHA256Hasher()
        for byte in text.utf8 { pieces.update([byte]) }
        #expect(hex(pieces.finish()) == digest)
    }

    @Test func md5OfRFC1321() {
        var hasher = MD5Hasher()
        hasher.update(Array("message ".utf8))
        hasher.update(Array("digest".utf8))
        #expect(hex(hasher.finish()) == "f96b697d7cb7938d525a2f31aaf161d0")
    }

    @Test(arguments: [
        (
            "4a656665", "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        ("", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
    ])
    func hmacOfRFC4231(key: String, message: String, code: String) throws {
        #expect(hex(hmacSHA256(key: try Self.bytes(key), Array(message.utf8))) == code)
    }

    /// McGrew and Viega, test cases 13, 14 and 16.
    @Test(arguments: [
        (
            String(repeating: "0", count: 64), String(repeating: "0", count: 24), "", "",
            "530f8afbc74536b9a963b4f1c4cb738b"
        ),
        (
            String(repeating: "0", count: 64), String(repeating: "0", count: 24), String(repeating: "0", count: 32), "",
            "cea7403d4d606b6e074ec5d3baf39d18 d0d1c8a799996bf0265b98b5d48ab919"
        ),
        (
            "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
            "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662 76fc6ece0f4e1768cddf8853bb2d551b"
        ),
    ])
    func aesGCM(key: String, nonce: String, plaintext: String, context: String, sealed: String) throws {
        let (key, nonce, context) = (try Self.bytes(key), try Self.bytes(nonce), try Self.bytes(context))
        let (plaintext, expected) = (try Self.bytes(plaintext), try Self.bytes(sealed))
        #expect(try AES256GCM.seal(plaintext, key: key, nonce: nonce, authenticating: context) == expected)
        #expect(try AES256GCM.open(expected, key: key, nonce: nonce, authenticating: context) == plaintext)
    }

    @Test(arguments: [
        ("00112233445566778899aabbccddeeff", "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7"),
        (
            "00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f",
            "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21"
        ),
    ])
    func keyWrapOfRFC3394(key: String, wrapped: String) throws {
        let wrapping = (0..<32).map { UInt8($0) }
        #expect(hex(try AESKeyWrap.wrap(try Self.bytes(key), with: wrapping)) == wrapped)
        #expect(hex(try AESKeyWrap.unwrap(try Self.bytes(wrapped), with: wrapping)) == key)
    }

    @Test(arguments: [
        (
            "", "", 16, 1, 1,
            "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
                + "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"
        ),
        (
            "password", "NaCl", 1024, 8, 16,
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
                + "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
        ),
    ])
    func scryptOfRFC7914(password: String, salt: String, n: Int, r: Int, p: Int, key: String) throws {
        let made = try scrypt(password: Array(password.utf8), salt: Array(salt.utf8), n: n, r: r, p: p, length: 64)
        #expect(hex(made) == key)
    }

    /// RFC 9180, A.1.1, first message. The RFC has none of AES-256 with this KEM.
    @Test func hpkeOfRFC9180() throws {
        let key = try HPKE.PrivateKey(
            bytes: try Self.bytes("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8"))
        #expect(hex(key.publicKey) == "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d")
        let sealed = try Self.bytes(
            "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"
                + "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a")
        let info = try Self.bytes("4f6465206f6e2061204772656369616e2055726e")
        let context = try Self.bytes("436f756e742d30")
        let opened = try key.open(sealed, info: info, authenticating: context, cipher: .aes128)
        #expect(String(decoding: opened, as: UTF8.self) == "Beauty is truth, truth beauty")
        #expect(throws: CryptographyError.self) { try key.open(sealed, info: info, authenticating: context) }
    }

    @Test func crc32OfItsCatalogue() { #expect(crc32(Array("123456789".utf8)) == 0xCBF4_3926) }
}

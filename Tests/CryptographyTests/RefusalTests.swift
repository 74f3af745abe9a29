import Cryptography
import Testing

/// What must not open, and what is no key.
struct RefusalTests {
    private static func kind<Value>(_ body: () throws -> Value) -> CryptographyError.Kind? {
        do {
            _ = try body()
            return nil
        } catch {
            return (error as? CryptographyError)?.kind
        }
    }

    private static func flips(_ bytes: [UInt8]) -> [[UInt8]] {
        (0..<bytes.count * 8).map { bit in
            var copy = bytes
            copy[bit / 8] ^= 1 << UInt8(bit % 8)
            return copy
        }
    }

    @Test func everyFlippedBitOfAMessageIsNoticed() throws {
        let (key, nonce, context) = (randomBytes(32), randomBytes(12), randomBytes(9))
        let sealed = try AES256GCM.seal(Array("secret".utf8), key: key, nonce: nonce, authenticating: context)
        let opens = { (sealed: [UInt8], key: [UInt8], nonce: [UInt8], context: [UInt8]) in
            Self.kind { try AES256GCM.open(sealed, key: key, nonce: nonce, authenticating: context) }
        }
        #expect(opens(sealed, key, nonce, context) == nil)
        #expect(Self.flips(sealed).allSatisfy { opens($0, key, nonce, context) == .notAuthentic })
        #expect(Self.flips(key).allSatisfy { opens(sealed, $0, nonce, context) == .notAuthentic })
        #expect(Self.flips(nonce).allSatisfy { opens(sealed, key, $0, context) == .notAuthentic })
        #expect(Self.flips(context).allSatisfy { opens(sealed, key, nonce, $0) == .notAuthentic })
        #expect((0..<sealed.count).allSatisfy { opens(Array(sealed.prefix($0)), key, nonce, context) != nil })
    }

    @Test func everyFlippedBitOfAWrappedKeyIsNoticed() throws {
        let (key, wrapping) = (randomBytes(32), randomBytes(32))
        let wrapped = try AESKeyWrap.wrap(key, with: wrapping)
        #expect(
            Self.flips(wrapped).allSatisfy { flipped in
                Self.kind { try AESKeyWrap.unwrap(flipped, with: wrapping) } == .notAuthentic
            })
    }

    @Test func everyFlippedBitOfASealedMessageIsNoticed() throws {
        let key = HPKE.PrivateKey.generate()
        let sealed = try HPKE.seal([1, 2, 3], to: key.publicKey, info: [4], authenticating: [5])
        #expect(try key.open(sealed, info: [4], authenticating: [5]) == [1, 2, 3])
        // The top bit of an X25519 coordinate is ignored (RFC 7748 §5), but it is part of what the KEM hashes.
        #expect(
            Self.flips(sealed).allSatisfy { flipped in
                Self.kind { try key.open(flipped, info: [4], authenticating: [5]) } != nil
            })
        #expect(Self.kind { try key.open(sealed, info: [], authenticating: [5]) } == .notAuthentic)
        #expect(Self.kind { try key.open(sealed, info: [4], authenticating: []) } == .notAuthentic)
        #expect(
            Self.kind { try HPKE.PrivateKey.generate().open(sealed, info: [4], authenticating: [5]) } == .notAuthentic)
        #expect(Self.kind { try key.open(Array(sealed.prefix(47)), info: [4], authenticating: [5]) } == .badLength)
    }

    @Test(arguments: [0, 16, 31, 33, 64])
    func keysOfOtherLengths(count: Int) {
        let key = randomBytes(count)
        let nonce = randomBytes(12)
        #expect(Self.kind { try AES256GCM.seal([], key: key, nonce: nonce, authenticating: []) } == .badLength)
        #expect(Self.kind { try AESKeyWrap.wrap(randomBytes(32), with: key) } == .badLength)
        #expect(Self.kind { try HPKE.PrivateKey(bytes: key) } == .badLength)
        #expect(Self.kind { try HPKE.seal([], to: key, info: [], authenticating: []) } != nil)
    }

    @Test(arguments: [(0, 8, 1), (15, 8, 1), (1 << 21, 8, 1), (16, 0, 1), (16, 8, 0)])
    func weakOrEndlessParameters(n: Int, r: Int, p: Int) {
        #expect(Self.kind { try scrypt(password: [1], salt: [2], n: n, r: r, p: p, length: 32) } == .refused)
    }

    @Test func thePortalsParametersNeedNoMoreThanTheyAreGiven() throws {
        #expect(try scrypt(password: [1], salt: [2], n: 1 << 15, r: 8, p: 3, length: 32).count == 32)
    }
}

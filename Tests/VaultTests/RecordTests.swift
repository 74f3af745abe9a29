import Cryptography
import Testing

@testable import Vault

/// The attacks of trust.md S26 on records.
extension VaultTests {
    @Test func everyFlippedBitIsRefused() throws {
        let record = try seal()
        for flipped in Self.flips(record) { #expect(failure(flipped) != nil) }
    }

    @Test func everyOtherPlaceIsRefused() throws {
        let record = try seal()
        for wrong in Self.otherContexts { #expect(failure(record, wrong) == .notAuthentic) }
        _ = try seal(Self.context(owner: Self.other))
        #expect(failure(record, Self.context(owner: Self.other)) == .unknownKey)
    }

    @Test func aRecordUnderAnothersKeyIdIsRefused() throws {
        let mine = try seal()
        let theirs = try seal(Self.context(owner: Self.other))
        var mixed = mine
        mixed.replaceSubrange(1..<9, with: theirs[1..<9])
        #expect(failure(mixed, Self.context(owner: Self.other)) == .notAuthentic)
        // A data key belongs to its record.
        let second = try seal()
        mixed = mine
        mixed.replaceSubrange(9..<49, with: second[9..<49])
        #expect(failure(mixed) == .notAuthentic)
    }

    /// Even were two keys alike, the name of the one that sealed it is part of a record.
    @Test func aRecordOpensOnlyUnderTheKeyThatItNames() throws {
        let bytes = randomBytes(32)
        let one = OwnerKey(id: Array(repeating: 1, count: 8), secret: SecretBytes(bytes))
        let other = OwnerKey(id: Array(repeating: 2, count: 8), secret: SecretBytes(bytes))
        var record = try SealedRecord(sealing: SecretBytes(Self.secret), under: one, context: Self.context()).bytes
        record.replaceSubrange(1..<9, with: other.id)
        var failure: VaultError?
        do { _ = try SealedRecord(bytes: record).open(with: other, context: Self.context()) } catch { failure = error }
        #expect(failure == .notAuthentic)
    }

    @Test func anOldVersionPutBackIsRefused() throws {
        let old = try seal(Self.context(version: 1))
        #expect(failure(old, Self.context(version: 2)) == .notAuthentic)
    }

    @Test func everyTruncationAndAdditionIsRefused() throws {
        let record = try seal()
        for count in 0..<record.count { #expect(failure(Array(record.prefix(count))) != nil) }
        #expect(failure(record + [0]) == .notAuthentic)
        #expect(failure(record + [UInt8](repeating: 0, count: 1 << 17)) == .malformed)
    }

    @Test(arguments: [0, 2, 0x81, 0xFF] as [UInt8])
    func otherFormatsAreRefused(format: UInt8) throws {
        var record = try seal()
        record[0] = format
        #expect(failure(record) == .unknownFormat)
    }

    @Test func secretsOfEverySize() throws {
        for count in [0, 1, 4096, 64 << 10] {
            let bytes = randomBytes(count)
            let record = try vault.seal(SecretBytes(bytes), context: Self.context())
            #expect(record.count == 1 + 8 + 40 + 12 + count + 16)
            #expect(try vault.open(record, context: Self.context()).withBytes { $0 == bytes })
        }
        #expect(throws: VaultError.malformed) {
            _ = try vault.seal(SecretBytes(randomBytes((64 << 10) + 1)), context: Self.context())
        }
    }
}

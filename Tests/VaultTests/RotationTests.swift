import Cryptography
import Processes
import TestSupport
import Testing

@testable import Vault

/// Keys replaced while they are used (trust.md S29).
extension VaultTests {
    private func vault(_ root: [UInt8], next: [UInt8]? = nil) throws -> Vault {
        try Vault(privateKey: privateKey, rootKey: root, nextRootKey: next, ownerKeys: folder.path)
    }

    @Test func aNewRootKeyTakesOverFileByFile() throws {
        let (mine, theirs) = (try seal(), try seal(Self.context(owner: Self.other)))
        let new = randomBytes(32)
        let both = try vault(rootKey, next: new)
        #expect(try both.rootStanding().next != nil)
        try both.beginRootRotation()
        try both.beginRootRotation()
        try both.rewrap(Self.owner)
        // Half-way: both open by who has both keys, in either place, and by nobody with one.
        for half in [both, try vault(new, next: rootKey)] {
            #expect(failure(mine, by: half) == nil)
            #expect(failure(theirs, Self.context(owner: Self.other), by: half) == nil)
        }
        #expect(throws: VaultError.wrongRootKey) { try vault(rootKey) }
        #expect(throws: VaultError.wrongRootKey) { try vault(new) }
        #expect(throws: VaultError.stillUsed) { try both.endRootRotation() }
        try both.rewrap(Self.other)
        try both.endRootRotation()
        #expect(try both.rootStanding() == .init(inUse: [both.rootIDs[1]], next: nil))
        let alone = try vault(new)
        #expect(failure(mine, by: alone) == nil)
        #expect(failure(theirs, Self.context(owner: Self.other), by: alone) == nil)
        #expect(throws: VaultError.wrongRootKey) { try vault(rootKey) }
        // What a worker that started before it had the new key makes of it: an error, and nothing written.
        #expect(failure(mine) == .wrongRootKey)
        let later = "6f3f6f5e-8d0c-4c06-9d3c-0a1b2c3d4e5f"
        #expect(throws: VaultError.wrongRootKey) { _ = try seal(Self.context(owner: later)) }
    }

    @Test func whoComesMeanwhileIsUnderTheNewOne() throws {
        let new = randomBytes(32)
        let both = try vault(rootKey, next: new)
        try both.beginRootRotation()
        let record = try both.seal(SecretBytes(Self.secret), context: Self.context())
        try both.endRootRotation()
        #expect(failure(record, by: try vault(new)) == nil)
    }

    @Test func anOwnersKeyIsReplacedAndTheOldOneGoes() throws {
        let old = try seal()
        let id = try #require(try vault.addKey(of: Self.owner))
        let new = try seal()
        #expect(Array(new[1..<9]) == id && failure(old) == nil)
        let again = try vault.reseal(old, context: Self.context(), under: id)
        #expect(Array(again[1..<9]) == id)
        try vault.dropKeys([Array(old[1..<9])], of: Self.owner)
        #expect(failure(old) == .unknownKey)
        #expect(throws: VaultError.unknownKey) {
            try vault.reseal(new, context: Self.context(), under: Array(old[1..<9]))
        }
        #expect(failure(new) == nil && failure(again) == nil)
        // Never the newest one, and none for an id that is not there.
        try vault.dropKeys([id, [0, 0, 0, 0, 0, 0, 0, 0]], of: Self.owner)
        #expect(failure(new) == nil)
        #expect(try vault.addKey(of: Self.other) == nil)
        #expect(try vault.owners() == [Self.owner])
    }

    @Test func onlyKeysThatAreNamedGo() throws {
        let oldest = try seal()
        _ = try vault.addKey(of: Self.owner)
        let old = try seal()
        _ = try vault.addKey(of: Self.owner)
        try vault.dropKeys([Array(oldest[1..<9])], of: Self.owner)
        #expect(failure(oldest) == .unknownKey && failure(old) == nil)
    }

    @Test func aSecondNewRootKeyWaitsForTheFirst() throws {
        let one = try vault(rootKey, next: randomBytes(32))
        let other = try vault(rootKey, next: randomBytes(32))
        try one.beginRootRotation()
        #expect(throws: VaultError.stillUsed) { try other.beginRootRotation() }
        #expect(try one.rootStanding() == .init(inUse: one.rootIDs, next: nil))
    }

    /// Whoever holds the lock and is stopped keeps others from writing, not from reading.
    @Test func writersWaitForEachOtherAndReadersForNobody() throws {
        let record = try seal()
        let lock = try #require(try FileLock(folder.path, milliseconds: 0))
        #expect(throws: VaultError.busy) { _ = try vault.addKey(of: Self.owner) }
        #expect(failure(record) == nil)
        lock.release()
        #expect(try vault.addKey(of: Self.owner) != nil)
    }

    /// A worker that dies in its self-test leaves a key of nobody's, perhaps written over already.
    @Test func aTestThatDiedIsNobodysOwner() throws {
        _ = try seal()
        let left = try folder.read(Self.owner)
        for name in [OwnerKeys.testOwner, OwnerKeys.testOwner + ".gone", OwnerKeys.testOwner + ".new-x"] {
            try folder.write([UInt8](repeating: 0, count: left.count), to: name)
        }
        #expect(try vault.owners() == [Self.owner])
        let both = try vault(rootKey, next: randomBytes(32))
        try both.beginRootRotation()
        try both.rewrap(Self.owner)
        try both.endRootRotation()
        try both.selfTest()
        #expect(try Folder.entries(folder.path).map(\.name) == [Self.owner, "root"])
    }

    @Test func destroyingTakesWhatADeadWriterLeft() throws {
        _ = try seal()
        try folder.write(try folder.read(Self.owner), to: Self.owner + ".new-x")
        try folder.write(try folder.read(Self.owner), to: Self.owner + ".gone")
        try vault.destroyOwner(Self.owner)
        #expect(try Folder.entries(folder.path).map(\.name) == ["root"])
    }
}

struct RecoveryKeyTests {
    @Test func bringsBackWhatWasSealed() throws {
        let key = RecoveryKey.generate()
        let secret = randomBytes(32)
        let sealed = try RecoveryKey.seal(secret, named: "root", to: key.publicKey)
        #expect(key.text.split(separator: "-").count == 17)
        for text in [key.text, key.text.uppercased(), " " + key.text.replacing("-", with: " ") + "\n"] {
            #expect(try RecoveryKey(text: text).open(sealed, named: "root") == secret)
        }
        #expect(throws: VaultError.notAuthentic) { try key.open(sealed, named: "audit") }
        #expect(throws: VaultError.notAuthentic) { try RecoveryKey.generate().open(sealed, named: "root") }
        for flipped in VaultTests.flips(sealed) {
            #expect(throws: VaultError.self) { try key.open(flipped, named: "root") }
        }
    }

    @Test func aMistypedOneIsNone() throws {
        let text = RecoveryKey.generate().text
        for index in text.indices where text[index] != "-" {
            var wrong = text
            wrong.replaceSubrange(index...index, with: text[index] == "0" ? "1" : "0")
            // Two bytes of a check let one of 65,536 through.
            if (try? RecoveryKey(text: wrong)) != nil { Issue.record("\(index)") }
        }
        for wrong in ["", "x", String(text.dropLast()), text + "0", text + "00"] {
            #expect(throws: VaultError.badKey) { try RecoveryKey(text: wrong) }
        }
    }
}

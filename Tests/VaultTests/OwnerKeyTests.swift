import Cryptography
import Glibc
import Processes
import Synchronization
import TestSupport
import Testing

@testable import Vault

/// The folder of owners' keys.
extension VaultTests {
    @Test func destroyingAnOwnerDestroysTheirSecretsOnly() throws {
        let (mine, theirs) = (try seal(), try seal(Self.context(owner: Self.other)))
        try vault.destroyOwner(Self.owner)
        #expect(failure(mine) == .noOwnerKey)
        #expect(failure(theirs, Self.context(owner: Self.other)) == nil)
        // Neither a new key nor a second time brings anything back.
        let new = try seal()
        #expect(failure(mine) == .unknownKey)
        #expect(failure(new) == nil)
        try vault.destroyOwner(Self.owner)
        try vault.destroyOwner(Self.owner)
    }

    @Test func filesCannotBeExchangedOrChanged() throws {
        let record = try seal()
        _ = try seal(Self.context(owner: Self.other))
        let (mine, theirs) = (try folder.read(Self.owner), try folder.read(Self.other))
        for flipped in Self.flips(mine) {
            try folder.write(flipped, to: Self.owner)
            #expect(failure(record) != nil)
        }
        try folder.write(mine, to: Self.other)
        #expect(throws: VaultError.notAuthentic) { _ = try seal(Self.context(owner: Self.other)) }
        try folder.write(theirs, to: Self.owner)
        #expect(failure(record) == .unknownKey)
        for count in [0, 1, 9, mine.count - 1] {
            try folder.write(Array(mine.prefix(count)), to: Self.owner)
            #expect(failure(record) == .malformed)
        }
        try folder.write(mine, to: Self.owner)
        #expect(failure(record) == nil)
    }

    /// Under its name a key is what it was made as.
    @Test func keysOfAFileCannotBeExchanged() throws {
        _ = try seal()
        _ = try vault.addKey(of: Self.owner)
        var file = try OwnerKeyFile(bytes: try folder.read(Self.owner))
        let (first, second) = (file.entries[0].wrapped, file.entries[1].wrapped)
        (file.entries[0].wrapped, file.entries[1].wrapped) = (second, first)
        try folder.write(file.bytes, to: Self.owner)
        #expect(throws: VaultError.notAuthentic) { _ = try seal() }
    }

    @Test func theFolderBelongsToOneRootKey() throws {
        #expect(throws: VaultError.wrongRootKey) {
            _ = try Vault(privateKey: privateKey, rootKey: randomBytes(32), ownerKeys: folder.path)
        }
        for count in [0, 16, 31, 33] {
            #expect(throws: VaultError.badKey) {
                _ = try Vault(privateKey: privateKey, rootKey: randomBytes(count), ownerKeys: folder.path)
            }
            #expect(throws: VaultError.badKey) {
                _ = try Vault(privateKey: randomBytes(count), rootKey: rootKey, ownerKeys: folder.path)
            }
        }
        let error = #expect(throws: VaultError.self) {
            _ = try Vault(privateKey: privateKey, rootKey: rootKey, ownerKeys: folder.file("absent"))
        }
        if case .file(let cause)? = error {
            #expect(cause.isNotFound)
        } else {
            Issue.record("\(String(describing: error))")
        }
    }

    @Test(arguments: [
        "", "x", "../root", "root", "2C3A1F0E-0000-4000-8000-00000000000A",
        "2c3a1f0e-0000-4000-8000-00000000000a/../root",
        "2c3a1f0e-0000-4000-8000-00000000000a\u{0}",
    ])
    func ownersAreLowerCaseUUIDs(owner: String) {
        #expect(throws: VaultError.badOwner) { _ = try seal(Self.context(owner: owner)) }
        #expect(throws: VaultError.badOwner) { try vault.destroyOwner(owner) }
    }

    @Test func theFilesAreForTheWorkerAloneAndHoldNothingInClear() throws {
        _ = try seal()
        let files = try Folder.entries(folder.path)
        #expect(Set(files.map(\.name)) == ["root", Self.owner])
        for file in files {
            var status = stat()
            #expect(unsafe stat(folder.file(file.name), &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
            let bytes = try folder.read(file.name)
            #expect(!bytes.indices.contains { bytes[$0...].starts(with: rootKey.prefix(8)) })
        }
    }

    @Test func manyFirstUsesAtOnceMakeOneKey() throws {
        let records = Mutex<[[UInt8]]>([])
        let threads = try (0..<8).map { number in
            try Thread.start(name: "sealer-\(number)") {
                for _ in 0..<5 {
                    if let record = try? seal() { records.withLock { $0.append(record) } }
                }
            }
        }
        for thread in threads { thread.join() }
        let made = records.withLock { $0 }
        #expect(made.count == 40)
        for record in made { #expect(failure(record) == nil) }
    }

    /// As a later version will leave it when it replaces a key: the newest last, older ones for older records.
    @Test func aNewerKeyIsUsedAndTheOlderOneStillOpens() throws {
        let old = try seal()
        let root = try RootKey(bytes: rootKey)
        let newer = OwnerKey.generate()
        let entry = newer.id + (try root.wrap(newer, of: Self.owner))
        try folder.write(try folder.read(Self.owner) + entry, to: Self.owner)
        let new = try seal()
        #expect(Array(new[1..<9]) == newer.id)
        #expect(failure(old) == nil)
        #expect(failure(new) == nil)
    }
}

extension VaultTests {
    @Test func aCheckSaysWhatWouldNotWorkAndChangesNothing() throws {
        let key = try vault.publicKey()
        try Vault.check(privateKey: privateKey, rootKey: rootKey, ownerKeys: folder.path, publicKey: key)
        #expect(throws: VaultError.wrongRootKey) {
            try Vault.check(privateKey: privateKey, rootKey: randomBytes(32), ownerKeys: folder.path, publicKey: nil)
        }
        #expect(throws: VaultError.unknownKey) {
            try Vault.check(privateKey: randomBytes(32), rootKey: rootKey, ownerKeys: folder.path, publicKey: key)
        }
        #expect(throws: VaultError.self) {
            try Vault.check(privateKey: privateKey, rootKey: rootKey, ownerKeys: folder.file("absent"), publicKey: nil)
        }
        let new = try TestFolder()
        try Vault.check(privateKey: privateKey, rootKey: rootKey, ownerKeys: new.path, publicKey: nil)
        #expect(try Folder.entries(new.path).isEmpty)
    }
}

import Cryptography
import Glibc
import Processes
import TestSupport
import Testing

@testable import Vault

/// A vault in a folder of its own, and what is sealed in it.
struct VaultTests {
    let folder: TestFolder
    let privateKey = randomBytes(32)
    let rootKey = randomBytes(32)
    let vault: Vault

    init() throws {
        folder = try TestFolder()
        vault = try Vault(privateKey: privateKey, rootKey: rootKey, ownerKeys: folder.path)
    }

    static let owner = "2c3a1f0e-0000-4000-8000-00000000000a"
    static let other = "2c3a1f0e-0000-4000-8000-00000000000b"
    static let secret = Array("{\"secretAccessKey\":\"wJalrXUtnFEMI\"}".utf8)

    static func context(
        table: String = "credentials", row: String = "r1", owner: String = owner, field: String = "accessKey",
        version: Int = 1
    ) -> SealContext {
        SealContext(table: table, row: row, owner: owner, field: field, version: version)
    }

    func seal(_ context: SealContext = context()) throws -> [UInt8] {
        try vault.seal(SecretBytes(Self.secret), context: context)
    }

    /// Nil when it opens with the right secret.
    func failure(_ record: [UInt8], _ context: SealContext = context(), by other: Vault? = nil) -> VaultError? {
        do {
            let opened = try (other ?? vault).open(record, context: context)
            #expect(opened.withBytes { $0 == Self.secret })
            return nil
        } catch {
            return error
        }
    }

    @Test func fromTheWebIntoARecordAndOutAgain() throws {
        let key = try VaultPublicKey(bytes: HPKE.PrivateKey(bytes: privateKey).publicKey)
        let sealed = try key.seal(Self.secret, context: Self.context())
        let secret = try vault.openIngress(sealed, context: Self.context())
        let record = try vault.seal(secret, context: Self.context())
        #expect(failure(record) == nil)
        #expect(try record != seal())
        let again = try Vault(privateKey: privateKey, rootKey: rootKey, ownerKeys: folder.path)
        #expect(failure(record, by: again) == nil)
    }

    @Test func whatTheWebSealedOpensOnlyAsItIs() throws {
        let sealed = try vault.publicKey().seal(Self.secret, context: Self.context())
        for flipped in Self.flips(sealed) {
            #expect(throws: VaultError.self) { _ = try vault.openIngress(flipped, context: Self.context()) }
        }
        for wrong in Self.otherContexts {
            #expect(throws: VaultError.notAuthentic) { _ = try vault.openIngress(sealed, context: wrong) }
        }
        // A record is no ingress, and the other way round.
        #expect(throws: VaultError.self) { _ = try vault.openIngress(seal(), context: Self.context()) }
        #expect(failure(sealed) != nil)
        let stranger = try Vault(privateKey: randomBytes(32), rootKey: rootKey, ownerKeys: folder.path)
        #expect(throws: VaultError.unknownKey) { _ = try stranger.openIngress(sealed, context: Self.context()) }
    }

    static func flips(_ bytes: [UInt8]) -> [[UInt8]] {
        (0..<bytes.count * 8).map { bit in
            var copy = bytes
            copy[bit / 8] ^= 1 << UInt8(bit % 8)
            return copy
        }
    }

    static let otherContexts = [
        context(table: "credential"), context(row: "r2"), context(field: "accessKe"), context(version: 2),
        context(version: 0), context(table: "credentialsr", row: "1"), context(table: "", row: "credentialsr1"),
    ]

    @Test func aSelfTestLeavesNothing() throws {
        let before = try Folder.entries(folder.path).map(\.name)
        try vault.selfTest()
        #expect(try Folder.entries(folder.path).map(\.name) == before)
        let lost = try TestFolder()
        let homeless = try Vault(privateKey: privateKey, rootKey: rootKey, ownerKeys: lost.path)
        try File.remove(lost.file("root"))
        _ = unsafe rmdir(lost.path)
        #expect(throws: VaultError.self) { try homeless.selfTest() }
    }

    @Test func contextsNeverLookAlike() {
        let contexts = Self.otherContexts + [Self.context(), Self.context(owner: Self.other)]
        #expect(Set(contexts.map { $0.bytes(purpose: "record") }).count == contexts.count)
        #expect(Self.context().bytes(purpose: "record") != Self.context().bytes(purpose: "ingress"))
    }
}

import Cryptography
import FoundationEssentials
import JSON
import Vault

/// An access key as it was typed, on its way into the vault.
struct AccessKey {
    let id: String
    let secret: String
    let sessionToken: String

    /// - Parameter pointers: of the three fields, in their order.
    func problems(_ pointers: (id: String, secret: String, token: String)) -> [Failure.Problem] {
        var problems: [Failure.Problem] = []
        let letters = id.utf8.allSatisfy { ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x41 && $0 <= 0x5A) }
        if !(16...128).contains(id.utf8.count) || !letters {
            problems.append(
                .init(pointers.id, "malformed", "An access key id is 16 to 128 capital letters and digits."))
        }
        if !(16...256).contains(secret.utf8.count) || !TextRules.isPlain(secret) {
            problems.append(
                .init(pointers.secret, "malformed", "A secret access key has 16 to 256 characters, usually 40."))
        }
        if sessionToken.utf8.count > 8192 || !TextRules.isPlain(sessionToken) {
            problems.append(
                .init(pointers.token, "tooLong", "A session token has at most 8,192 characters.", limit: 8192))
        }
        return problems
    }

    /// Its last four characters, by which people know it.
    var hint: String { String(id.suffix(4)) }

    /// Sealed for a row of `credentials`: the fields as one JSON document.
    /// - Parameter version: the row's, once this is its secret.
    func sealed(_ row: UUID, owner: UUID, version: Int = 1, _ vaultKey: VaultPublicKey) throws -> [UInt8] {
        var members: [JSONValue.Member] = [
            .init("accessKeyID", .string(id)), .init("secretAccessKey", .string(secret)),
        ]
        if !sessionToken.isEmpty { members.append(.init("sessionToken", .string(sessionToken))) }
        let context = SealContext(
            table: "credentials", row: row.lower, owner: owner.lower, field: "accessKey", version: version)
        return try vaultKey.seal(JSONValue.object(members).serialized(), context: context)
    }
}

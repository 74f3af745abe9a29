/// What a secret belongs to. It is authenticated with the secret, so that a record moved to another row, owner, field or
/// version does not open (trust.md S26).
package struct SealContext: Sendable, Equatable {
    package let table: String
    /// The row's id, lower case.
    package let row: String
    package let owner: String
    package let field: String
    /// The row's version: an older record put back does not open.
    package let version: Int

    package init(table: String, row: String, owner: String, field: String, version: Int) {
        self.table = table
        self.row = row
        self.owner = owner
        self.field = field
        self.version = version
    }

    /// Each part behind its length in four bytes: no two contexts give the same bytes.
    func bytes(purpose: String) -> [UInt8] {
        [purpose, table, row, owner, field, String(version)].flatMap { part -> [UInt8] in
            let utf8 = Array(part.utf8)
            return (0..<4).map { UInt8(truncatingIfNeeded: utf8.count >> (24 - 8 * $0)) } + utf8
        }
    }
}

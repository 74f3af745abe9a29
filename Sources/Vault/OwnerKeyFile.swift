internal import Cryptography

/// One owner's file: format (1 byte), id of the root key (8), then for each key its id (8) and itself wrapped (40), the
/// newest last. So a key can be replaced while records still name the old one, and the root key by writing the file anew.
struct OwnerKeyFile {
    private static let format: UInt8 = 1
    private static let entryCount = OwnerKey.idCount + 40

    var root: [UInt8]
    var entries: [(id: [UInt8], wrapped: [UInt8])]

    init(root: [UInt8], entries: [(id: [UInt8], wrapped: [UInt8])]) {
        self.root = root
        self.entries = entries
    }

    init(bytes: [UInt8]) throws(VaultError) {
        guard bytes.first == Self.format else { throw bytes.isEmpty ? .malformed : .unknownFormat }
        guard bytes.count > 9, (bytes.count - 9) % Self.entryCount == 0 else { throw .malformed }
        root = Array(bytes[1..<9])
        entries = stride(from: 9, to: bytes.count, by: Self.entryCount).map { start in
            let wrappedStart = start + OwnerKey.idCount
            return (Array(bytes[start..<wrappedStart]), Array(bytes[wrappedStart..<start + Self.entryCount]))
        }
    }

    var bytes: [UInt8] { [Self.format] + root + entries.flatMap { $0.id + $0.wrapped } }
}

/// What the folder remembers of itself, so that a wrong root key is noticed before it is used: format 1 and the id of the
/// root key; while that is being replaced, format 2, the old one's id and the new one's.
struct FolderClaim {
    /// One or two, the one for new files last.
    let ids: [[UInt8]]

    init(_ ids: [[UInt8]]) { self.ids = ids }

    init(bytes: [UInt8]) throws(VaultError) {
        switch (bytes.first, bytes.count) {
        case (1, 9): ids = [Array(bytes[1..<9])]
        case (2, 17): ids = [Array(bytes[1..<9]), Array(bytes[9..<17])]
        default: throw .wrongRootKey
        }
    }

    var bytes: [UInt8] { [UInt8(ids.count)] + ids.joined() }
}

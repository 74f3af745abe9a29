internal import Cryptography
internal import FoundationEssentials
internal import Processes

/// A key that belongs to one person and wraps the data keys of their records.
struct OwnerKey: ~Copyable {
    static let idCount = 8
    let id: [UInt8]
    let secret: SecretBytes

    init(id: [UInt8], secret: consuming SecretBytes) {
        self.id = id
        self.secret = secret
    }

    static func generate() -> OwnerKey {
        OwnerKey(id: randomBytes(idCount), secret: SecretBytes(randomBytes(32)))
    }
}

/// The folder of owners' keys, a file for each, named as the owner's id: format (1 byte), id of the root key (8), then for
/// each key its id (8) and itself wrapped (40), the newest last. So a key can be replaced while records still name the
/// old one, and the root key by writing the files anew.
struct OwnerKeys: Sendable {
    private static let format: UInt8 = 1
    private static let entryCount = OwnerKey.idCount + 40

    private let root: RootKey
    private let folder: String

    init(root: RootKey, folder: String) throws(VaultError) {
        self.root = root
        self.folder = folder
        try claimFolder()
    }

    static func check(root: RootKey, folder: String) throws(VaultError) {
        guard Folder.isWritable(folder) else { throw .file(ProcessError("access", folder)) }
        let path = folder + "/root"
        if File.exists(path) { try requireClaim(of: root, at: path) }
    }

    func current(of owner: String) throws(VaultError) -> OwnerKey {
        let path = try path(owner)
        if !File.exists(path) { try make(path, for: owner) }
        guard let newest = try entries(path).last else { throw .malformed }
        return try root.unwrap(newest.wrapped, id: newest.id, of: owner)
    }

    func key(_ id: [UInt8], of owner: String) throws(VaultError) -> OwnerKey {
        let path = try path(owner)
        guard File.exists(path) else { throw .noOwnerKey }
        guard let entry = try entries(path).first(where: { $0.id == id }) else { throw .unknownKey }
        return try root.unwrap(entry.wrapped, id: id, of: owner)
    }

    /// Written over before it is unlinked, for what that is worth on today's disks: the wrapping root key stays secret.
    func destroy(_ owner: String) throws(VaultError) {
        let path = try path(owner)
        guard File.exists(path) else { return }
        try doing { () throws(ProcessError) in
            try File.overwrite(path)
            try File.remove(path)
        }
    }

    static func testOwner() -> String { UUID().uuidString.lowercased() }

    /// Remembers in the folder which root key it belongs to, so that a wrong one is noticed before it is used.
    private func claimFolder() throws(VaultError) {
        let path = folder + "/root"
        if !File.exists(path) { try createUnlessThere(Self.claim(of: root), at: path) }
        try Self.requireClaim(of: root, at: path)
    }

    private static func claim(of root: RootKey) -> [UInt8] { [format] + root.id }

    private static func requireClaim(of root: RootKey, at path: String) throws(VaultError) {
        let bytes: [UInt8]
        do { bytes = try File.read(path, limit: 64) } catch { throw .file(error) }
        guard bytes == claim(of: root) else { throw .wrongRootKey }
    }

    private func make(_ path: String, for owner: String) throws(VaultError) {
        let key = OwnerKey.generate()
        let wrapped = try root.wrap(key, of: owner)
        try createUnlessThere([Self.format] + root.id + key.id + wrapped, at: path)
    }

    /// Of several that make the same file at once, all go on with the first one's.
    private func createUnlessThere(_ bytes: [UInt8], at path: String) throws(VaultError) {
        do {
            try File.create(bytes, at: path)
        } catch {
            if !File.exists(path) { throw .file(error) }
        }
    }

    private func entries(_ path: String) throws(VaultError) -> [(id: [UInt8], wrapped: [UInt8])] {
        let bytes = try doing { () throws(ProcessError) in try File.read(path, limit: 64 << 10) }
        guard bytes.first == Self.format else { throw bytes.isEmpty ? .malformed : .unknownFormat }
        let list = bytes.dropFirst(9)
        guard bytes.count > 9, list.count % Self.entryCount == 0 else { throw .malformed }
        guard Array(bytes[1..<9]) == root.id else { throw .wrongRootKey }
        return stride(from: 9, to: bytes.count, by: Self.entryCount).map { start in
            let wrappedStart = start + OwnerKey.idCount
            return (Array(bytes[start..<wrappedStart]), Array(bytes[wrappedStart..<start + Self.entryCount]))
        }
    }

    private func path(_ owner: String) throws(VaultError) -> String {
        // Compared as a whole: the parser stops at a NUL.
        guard UUID(uuidString: owner)?.uuidString.lowercased() == owner else { throw .badOwner }
        return folder + "/" + owner
    }

    private func doing<Value>(_ body: () throws(ProcessError) -> Value) throws(VaultError) -> Value {
        do { return try body() } catch { throw .file(error) }
    }
}

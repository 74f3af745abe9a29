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

/// The folder of owners' keys, a file for each, named as the owner's id. Files are replaced as a whole and read without
/// a lock; whoever writes holds the folder's lock from reading to renaming, so that no key is lost to another's copy.
struct OwnerKeys: Sendable {
    let roots: RootKeys
    let folder: String
    /// Writing takes milliseconds; a holder that was stopped in its middle keeps others out for longer.
    private static let lockMilliseconds = 5000

    /// The folder remembers which root key it belongs to.
    init(roots: RootKeys, folder: String) throws(VaultError) {
        self.roots = roots
        self.folder = folder
        if !File.exists(claimPath) {
            try locked { () throws(VaultError) in
                if !File.exists(claimPath) { try write(FolderClaim([roots.current.id]).bytes, to: claimPath) }
            }
        }
        try roots.require(try claimed())
    }

    static func check(roots: RootKeys, folder: String) throws(VaultError) {
        guard Folder.isWritable(folder) else { throw .file(ProcessError("access", folder)) }
        let path = folder + "/root"
        guard File.exists(path) else { return }
        try roots.require(try claim(path).ids)
    }

    func current(of owner: String) throws(VaultError) -> OwnerKey {
        let path = try path(owner)
        if !File.exists(path) { try make(path, for: owner) }
        let file = try read(path)
        guard let newest = file.entries.last else { throw .malformed }
        return try roots.key(file.root).unwrap(newest.wrapped, id: newest.id, of: owner)
    }

    func key(_ id: [UInt8], of owner: String) throws(VaultError) -> OwnerKey {
        let path = try path(owner)
        guard File.exists(path) else { throw .noOwnerKey }
        let file = try read(path)
        guard let entry = file.entries.first(where: { $0.id == id }) else { throw .unknownKey }
        return try roots.key(file.root).unwrap(entry.wrapped, id: id, of: owner)
    }

    func destroy(_ owner: String) throws(VaultError) {
        let path = try path(owner)
        try locked { () throws(VaultError) in try destroy(at: path) }
    }

    /// With the key of an owner who is nobody, as long as the body runs. What another that died in its midst has left goes
    /// before.
    func testing<Value>(_ body: (String) throws(VaultError) -> Value) throws(VaultError) -> Value {
        let path = try path(Self.testOwner)
        return try locked { () throws(VaultError) in
            try destroy(at: path)
            try makeFile(path, for: Self.testOwner)
            let outcome = Result<Value, VaultError> { () throws(VaultError) in try body(Self.testOwner) }
            try destroy(at: path)
            return try outcome.get()
        }
    }

    static let testOwner = "00000000-0000-0000-0000-000000000000"
}

/// Its files.
extension OwnerKeys {
    var claimPath: String { folder + "/root" }

    /// Which root keys files may be under, the one for new files last.
    func claimed() throws(VaultError) -> [[UInt8]] { try Self.claim(claimPath).ids }

    private static func claim(_ path: String) throws(VaultError) -> FolderClaim {
        try FolderClaim(bytes: doing { () throws(ProcessError) in try File.read(path, limit: 64) })
    }

    func read(_ path: String) throws(VaultError) -> OwnerKeyFile {
        try OwnerKeyFile(bytes: Self.doing { () throws(ProcessError) in try File.read(path, limit: 64 << 10) })
    }

    func write(_ bytes: [UInt8], to path: String) throws(VaultError) {
        try Self.doing { () throws(ProcessError) in try File.write(bytes, to: path) }
    }

    func locked<Value>(_ body: () throws(VaultError) -> Value) throws(VaultError) -> Value {
        let lock = try Self.doing { () throws(ProcessError) in
            try FileLock(folder, milliseconds: Self.lockMilliseconds)
        }
        guard let lock else { throw .busy }
        defer { lock.release() }
        return try body()
    }

    private func make(_ path: String, for owner: String) throws(VaultError) {
        try locked { () throws(VaultError) in
            // Of several that come at once, all go on with the first one's.
            if !File.exists(path) { try makeFile(path, for: owner) }
        }
    }

    /// By whoever holds the lock.
    private func makeFile(_ path: String, for owner: String) throws(VaultError) {
        guard let id = try claimed().last else { throw .malformed }
        let root = try roots.key(id)
        let key = OwnerKey.generate()
        let file = OwnerKeyFile(root: id, entries: [(key.id, try root.wrap(key, of: owner))])
        try write(file.bytes, to: path)
    }

    /// By whoever holds the lock. Written over before it is unlinked, for what that is worth on today's disks: the wrapping
    /// root key stays secret. It loses its name first: whatever has an owner's name is whole, whenever this process dies.
    private func destroy(at path: String) throws(VaultError) {
        try Self.doing { () throws(ProcessError) in
            if File.exists(path) { try File.move(path, to: path + ".gone") }
            // What a process left that died while it wrote is a copy.
            for entry in try Folder.entries(folder) where (folder + "/" + entry.name).hasPrefix(path + ".") {
                try File.overwrite(folder + "/" + entry.name)
                try File.remove(folder + "/" + entry.name)
            }
        }
    }

    func path(_ owner: String) throws(VaultError) -> String {
        guard Self.isOwner(owner) else { throw .badOwner }
        return folder + "/" + owner
    }

    /// Compared as a whole: the parser stops at a NUL.
    static func isOwner(_ text: String) -> Bool { UUID(uuidString: text)?.uuidString.lowercased() == text }

    static func doing<Value>(_ body: () throws(ProcessError) -> Value) throws(VaultError) -> Value {
        do { return try body() } catch { throw .file(error) }
    }
}

internal import Processes

/// Replacing keys while they are used. Every step may be done again, and a process that dies between two leaves nothing
/// that cannot be read.
extension OwnerKeys {
    /// Those who have a file, in the order of their names.
    func owners() throws(VaultError) -> [String] {
        try Self.doing { () throws(ProcessError) in try Folder.entries(folder) }.map(\.name)
            .filter { Self.isOwner($0) && $0 != Self.testOwner }
    }

    /// From now on new files are under the next root key; old ones stay as they are.
    func beginRootRotation() throws(VaultError) {
        guard let next = roots.next else { throw .unknownKey }
        try locked { () throws(VaultError) in
            let ids = try claimed()
            guard let newest = ids.last, newest != next.id else { return }
            // Two at a time: the one before must have been brought to its end.
            guard ids.count == 1 else { throw .stillUsed }
            try write(FolderClaim([newest, next.id]).bytes, to: claimPath)
        }
    }

    /// The owner's file under the root key for new files; false where it was already, or is gone.
    func rewrap(_ owner: String) throws(VaultError) -> Bool {
        let path = try path(owner)
        return try locked { () throws(VaultError) in
            guard File.exists(path), let id = try claimed().last else { return false }
            var file = try read(path)
            if file.root == id { return false }
            let (old, new) = (try roots.key(file.root), try roots.key(id))
            for index in file.entries.indices {
                let entry = file.entries[index]
                let key = try old.unwrap(entry.wrapped, id: entry.id, of: owner)
                file.entries[index].wrapped = try new.wrap(key, of: owner)
            }
            file.root = id
            try write(file.bytes, to: path)
            return true
        }
    }

    /// The old root key may go; not while a file is still under it.
    func endRootRotation() throws(VaultError) {
        try locked { () throws(VaultError) in
            guard let newest = try claimed().last else { throw .malformed }
            for owner in try owners() {
                guard try read(path(owner)).root == newest else { throw .stillUsed }
            }
            try write(FolderClaim([newest]).bytes, to: claimPath)
        }
    }

    /// A newer key for what is sealed from now on; nil where the owner has none at all (any more). Its id is known to
    /// nobody before the file is durable.
    func addKey(of owner: String) throws(VaultError) -> [UInt8]? {
        let path = try path(owner)
        return try locked { () throws(VaultError) in
            guard File.exists(path) else { return nil }
            var file = try read(path)
            let key = OwnerKey.generate()
            file.entries.append((key.id, try roots.key(file.root).wrap(key, of: owner)))
            try write(file.bytes, to: path)
            return key.id
        }
    }

    /// For when no record names any of them. The newest stays.
    func dropKeys(_ ids: [[UInt8]], of owner: String) throws(VaultError) {
        let path = try path(owner)
        try locked { () throws(VaultError) in
            guard File.exists(path) else { return }
            var file = try read(path)
            let kept = file.entries.dropLast().filter { !ids.contains($0.id) } + file.entries.suffix(1)
            if kept.count == file.entries.count { return }
            file.entries = kept
            try write(file.bytes, to: path)
        }
    }

    func keyIDs(of owner: String) throws(VaultError) -> [[UInt8]] {
        let path = try path(owner)
        return File.exists(path) ? try read(path).entries.map(\.id) : []
    }
}

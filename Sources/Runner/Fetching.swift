internal import AWS
internal import Cryptography
internal import JobManifest
internal import Processes

extension Bucket {
    /// The manifest that lies at the address, checked.
    mutating func manifest(_ address: ManifestAddress, digest: String?) throws(RunnerFault) -> JobManifest {
        let bytes = try patiently(.manifest, "The manifest \(address) cannot be fetched") {
            client, credentials, place in
            try client.get(
                bucket: place.bucket, key: address.keys.manifest, maxBytes: 16 << 20, by: credentials, in: place.region)
        }
        if let digest, hex(sha256(bytes)) != digest.lowercased() {
            throw RunnerFault(.manifest, "The manifest \(address) is not the one that was submitted.")
        }
        let manifest: JobManifest
        do { manifest = try JobManifest(bytes: bytes) } catch { throw RunnerFault(.manifest, error.description) }
        guard manifest.job == address.keys.job else {
            throw RunnerFault(.manifest, "The manifest \(address) is another job's, \(manifest.job).")
        }
        return manifest
    }

    /// Writes an object into a new file, and makes sure that it is the one the manifest means. `name` is what a person
    /// calls it.
    mutating func fetch(_ object: StoredObject, to path: String, _ name: String) throws(RunnerFault) {
        try patiently(.download, "\(name) cannot be fetched") { client, credentials, place in
            // What an attempt that broke off has left.
            try File.remove(path)
            var arrival = try Arrival(object, path, name)
            try client.get(bucket: place.bucket, key: object.key, by: credentials, in: place.region) { chunk in
                try Bucket.checkSignals()
                try arrival.take(chunk)
            }
            try arrival.finish()
        }
    }
}

/// An object on its way into a file.
private struct Arrival: ~Copyable {
    private let object: StoredObject
    private let name: String
    private let file: Descriptor
    private var hasher = SHA256Hasher()
    private var size = 0

    init(_ object: StoredObject, _ path: String, _ name: String) throws(RunnerFault) {
        self.object = object
        self.name = name
        do { file = try Descriptor.creating(path) } catch {
            throw RunnerFault(.disk, "\(name) cannot be written: \(error).")
        }
    }

    mutating func take(_ chunk: [UInt8]) throws(RunnerFault) {
        size += chunk.count
        guard size <= object.size else { throw mismatch("more than \(object.size) bytes") }
        hasher.update(chunk)
        do { try file.write(chunk) } catch { throw RunnerFault(.disk, "\(name) cannot be written: \(error).") }
    }

    mutating func finish() throws(RunnerFault) {
        guard size == object.size else { throw mismatch("\(size) bytes, not \(object.size)") }
        let found = hex(hasher.finish())
        guard found == object.sha256 else { throw mismatch("the SHA-256 \(found), not \(object.sha256)") }
    }

    private borrowing func mismatch(_ difference: String) -> RunnerFault {
        RunnerFault(.checksum, "\(name) is not what the manifest says: it has \(difference).")
    }
}

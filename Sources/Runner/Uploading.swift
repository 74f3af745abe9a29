internal import AWS
internal import Cryptography
internal import JobManifest
internal import Processes

extension Bucket {
    @discardableResult
    mutating func put(_ bytes: [UInt8], key: String, _ contentType: String, _ name: String) throws(RunnerFault)
        -> StoredObject
    {
        try patiently(.upload, "\(name) cannot be uploaded") { client, credentials, place in
            _ = try client.put(
                bytes, bucket: place.bucket, key: key, contentType: contentType, by: credentials, in: place.region)
        }
        return StoredObject(key: key, size: bytes.count, sha256: hex(sha256(bytes)))
    }

    /// A file of any size, in memory a part at a time. Throws `ProcessError` if it cannot be read.
    mutating func put(file path: String, key: String, _ contentType: String, _ name: String) throws -> StoredObject {
        let file = try Descriptor.reading(path, followsLinks: false)
        let partSize = Self.partSize(forFile: try file.size())
        let first = try file.readFully(partSize)
        if first.count < partSize { return try put(first, key: key, contentType, name) }
        let upload = try patiently(.upload, "\(name) cannot be uploaded") { client, credentials, place in
            try client.createMultipartUpload(
                bucket: place.bucket, key: key, contentType: contentType, by: credentials, in: place.region)
        }
        do { return try putParts(first, file, partSize, upload, name) } catch {
            // Parts of an upload that is never completed cost money until someone finds them.
            try? patiently(.upload, "") { client, credentials, place in
                try client.abortMultipartUpload(upload, by: credentials, in: place.region)
            }
            throw error
        }
    }

    private mutating func putParts(
        _ first: [UInt8], _ file: borrowing Descriptor, _ partSize: Int, _ upload: MultipartUpload, _ name: String
    ) throws -> StoredObject {
        var hasher = SHA256Hasher()
        var etags: [String] = []
        var size = 0
        var part = first
        while !part.isEmpty {
            hasher.update(part)
            size += part.count
            etags.append(
                try patiently(.upload, "\(name) cannot be uploaded") { client, credentials, place in
                    try client.uploadPart(
                        part, number: etags.count + 1, of: upload, by: credentials, in: place.region)
                })
            part = try file.readFully(partSize)
        }
        try complete(upload, etags, size, name)
        return StoredObject(key: upload.key, size: size, sha256: hex(hasher.finish()))
    }

    /// An answer that was lost leaves the object there and the upload gone: then the object's size tells.
    private mutating func complete(
        _ upload: MultipartUpload, _ etags: [String], _ size: Int, _ name: String
    ) throws(RunnerFault) {
        try patiently(.upload, "\(name) cannot be uploaded") { client, credentials, place in
            do throws(AWSError) {
                try client.completeMultipartUpload(upload, etags: etags, by: credentials, in: place.region)
            } catch {
                guard error.isNotFound else { throw error }
                let head = try client.head(bucket: place.bucket, key: upload.key, by: credentials, in: place.region)
                guard head.size == size else { throw error }
            }
        }
    }

    /// 8 MiB, more where a file would have over 10,000 parts (S3's most).
    static func partSize(forFile size: Int) -> Int { max(8 << 20, (size + 9_999) / 10_000) }
}

extension Descriptor {
    /// `count` bytes, fewer only at the end.
    fileprivate func readFully(_ count: Int) throws(ProcessError) -> [UInt8] {
        var bytes = try read(max: count)
        while bytes.count < count {
            let more = try read(max: count - bytes.count)
            if more.isEmpty { break }
            bytes += more
        }
        return bytes
    }
}

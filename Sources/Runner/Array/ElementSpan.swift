internal import AWS
internal import JobManifest
internal import Processes

/// A child's part of the list: in a file, with the place of each element in it.
struct ElementSpan: ~Copyable {
    /// Of the whole list, from 0.
    let range: Range<Int>
    private let file: Descriptor
    /// Of each element in the file, and of the end.
    private let offsets: [Int]

    fileprivate init(_ range: Range<Int>, _ offsets: [Int], file: consuming Descriptor) {
        self.range = range
        self.offsets = offsets
        self.file = file
    }

    /// The element's JSON; `n` counts from the span's first.
    borrowing func element(_ n: Int) throws(RunnerFault) -> [UInt8] {
        let (start, end) = (offsets[n], offsets[n + 1] - 1)
        do {
            let bytes = try file.read(at: start, count: end - start)
            guard bytes.count == end - start else { throw ProcessError("read", "elements", code: 0) }
            return bytes
        } catch { throw RunnerFault(.disk, "The elements cannot be read any more: \(error).") }
    }
}

extension Bucket {
    /// In two requests, however long the list is.
    mutating func elements(
        _ work: ArrayWork, of child: Int, to path: String
    ) throws(RunnerFault) -> ElementSpan {
        let range = work.spans.range(of: child)
        let offsets = try offsets(work, range)
        guard let first = offsets.first, let last = offsets.last, offsets.count == range.count + 1,
            last <= work.elements.size, zip(offsets, offsets.dropFirst()).allSatisfy({ $0 + 1 < $1 })
        else { throw RunnerFault(.checksum, "The elements' index is not what the manifest says.") }
        try patiently(.download, "The elements cannot be fetched") { client, credentials, place in
            try File.remove(path)
            let file = try Descriptor.creating(path)
            try client.get(
                bucket: place.bucket, key: work.elements.key, range: Int64(first)...Int64(last) - 1, by: credentials,
                in: place.region
            ) { chunk in
                try Bucket.checkSignals()
                do { try file.write(chunk) } catch { throw RunnerFault(.disk, "The elements: \(error).") }
            }
        }
        do {
            let file = try Descriptor.reading(path)
            guard try file.size() == last - first else {
                throw RunnerFault(.checksum, "The elements are not as many bytes as the index says.")
            }
            return ElementSpan(range, offsets.map { $0 - first }, file: file)
        } catch let fault as RunnerFault { throw fault } catch {
            throw RunnerFault(.disk, "The elements cannot be read: \(error).")
        }
    }

    private mutating func offsets(_ work: ArrayWork, _ range: Range<Int>) throws(RunnerFault) -> [Int] {
        let (first, last) = (range.lowerBound * 8, range.upperBound * 8 + 7)
        let bytes = try patiently(.download, "The elements' index cannot be fetched") { client, credentials, place in
            try client.get(
                bucket: place.bucket, key: work.index.key, range: Int64(first)...Int64(last),
                maxBytes: last - first + 1, by: credentials, in: place.region)
        }
        return stride(from: 0, to: bytes.count - bytes.count % 8, by: 8).map { start in
            bytes[start..<start + 8].reversed().reduce(0) { $0 &<< 8 | Int($1) }
        }
    }
}

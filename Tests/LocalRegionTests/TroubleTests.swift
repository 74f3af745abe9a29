import AWS
import Cryptography
import Glibc
import PostgreSQL
import Processes
import TestRegion
import TestSupport
import Testing

@testable import LocalRegion

/// The program itself, with a disk that is full and a process that is killed.
@Suite struct TroubleTests {
    private let region: RegionUnderTest
    private let name = RegionUnderTest.name
    private let bucket = FirstStart.bucket

    init() throws { region = try RegionUnderTest.withoutProgram() }

    @Test func aFullDisk() throws {
        let program = try region.startProgram(diskMiB: 20)
        defer { end(program) }
        let keys = try region.keys()
        var client = try region.client()
        try client.put([1], bucket: bucket, key: "k", by: keys, in: name)
        let full = #expect(throws: AWSError.self) {
            try client.put([UInt8](repeating: 2, count: 30 << 20), bucket: bucket, key: "k", by: keys, in: name)
        }
        #expect(full?.status == 507 && full?.code == "InternalError")
        #expect(try client.get(bucket: bucket, key: "k", maxBytes: 9, by: keys, in: name) == [1])
        // What came before the disk was full is gone again: there is room for this.
        let fits = [UInt8](repeating: 3, count: 15 << 20)
        try client.put(fits, bucket: bucket, key: "k", by: keys, in: name)
        #expect(try client.head(bucket: bucket, key: "k", by: keys, in: name).size == 15 << 20)
    }

    @Test func joiningPartsOnAFullDisk() throws {
        let program = try region.startProgram(diskMiB: 20)
        defer { end(program) }
        let keys = try region.keys()
        var client = try region.client()
        let upload = try client.createMultipartUpload(bucket: bucket, key: "k", by: keys, in: name)
        let part = [UInt8](repeating: 1, count: 6 << 20)
        let etags = try [1, 2].map { try client.uploadPart(part, number: $0, of: upload, by: keys, in: name) }
        let full = #expect(throws: AWSError.self) {
            try client.completeMultipartUpload(upload, etags: etags, by: keys, in: name)
        }
        #expect(full?.status == 507)
        #expect(try client.list(bucket: bucket, prefix: "", by: keys, in: name).objects.isEmpty)
        try client.abortMultipartUpload(upload, by: keys, in: name)
        try client.put([UInt8](repeating: 1, count: 15 << 20), bucket: bucket, key: "k", by: keys, in: name)
    }

    @Test func killedWhileBytesCome() throws {
        let first = try region.startProgram()
        let keys = try region.keys()
        var client = try region.client()
        try client.put([1], bucket: bucket, key: "k", by: keys, in: name)
        let body = [UInt8](repeating: 2, count: 8 << 20)
        // On a connection used before, libcurl would try once more by itself.
        var fresh = try region.client()
        #expect(throws: AWSError.self) {
            try fresh.put(
                size: Int64(body.count), sha256: hex(sha256(body)), bucket: bucket, key: "k", by: keys, in: name
            ) { offset, max in
                if offset > body.count / 2 { first.signal(SIGKILL) }
                return Array(body[Int(offset)...].prefix(max))
            }
        }
        #expect(first.wait() == .signal(SIGKILL))
        let second = try region.startProgram()
        defer { end(second) }
        #expect(try client.get(bucket: bucket, key: "k", maxBytes: 9, by: keys, in: name) == [1])
        try client.put(body, bucket: bucket, key: "k", by: keys, in: name)
        #expect(try client.head(bucket: bucket, key: "k", by: keys, in: name).size == body.count)
    }

    /// SIGTERM lets a request that is under way end well.
    @Test func stoppedWhileBytesCome() throws {
        let program = try region.startProgram()
        let keys = try region.keys()
        var client = try region.client()
        let body = [UInt8](repeating: 2, count: 8 << 20)
        try client.put(
            size: Int64(body.count), sha256: hex(sha256(body)), bucket: bucket, key: "k", by: keys, in: name
        ) { offset, max in
            if offset > body.count / 2 { program.signal(SIGTERM) }
            return Array(body[Int(offset)...].prefix(max))
        }
        #expect(program.wait() == .code(0))
        var connection = try region.database.connect(.local)
        let size = try connection.row("SELECT size FROM objects WHERE key = 'k'") { try $0.int(0) }
        #expect(size == body.count)
    }

    private func end(_ program: Child) {
        program.signal(SIGTERM)
        #expect(program.wait() == .code(0))
    }
}

import AWS
import FoundationEssentials
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// Many small objects of the bucket at once.
struct ManyObjectTests {
    private let fixture: WorkerFixture
    private let objects: ManyObjects

    init() throws {
        fixture = try WorkerFixture()
        objects = ManyObjects(try fixture.bench())
    }

    private func get(_ keys: [String]) throws -> [String?] {
        try objects.get(
            keys.map { .init(key: $0, maxBytes: 100) }, bucket: WorkerFixture.bucket, by: fixture.key,
            in: WorkerFixture.regionName
        ).map { $0.map { String(decoding: $0, as: UTF8.self) } }
    }

    @Test func comeInTheOrderTheyWereAskedForIn() throws {
        var bench = try fixture.bench()
        for n in 0..<40 where n % 7 != 3 {
            try bench.aws.put(
                Array("of \(n)".utf8), bucket: WorkerFixture.bucket, key: "p/\(n)", by: fixture.key,
                in: WorkerFixture.regionName)
        }
        let keys = (0..<40).map { "p/\($0)" }
        for _ in 0..<2 {
            #expect(try get(keys) == (0..<40).map { $0 % 7 == 3 ? nil : "of \($0)" })
        }
        #expect(try get([]).isEmpty)
    }

    @Test func oneThatIsRefusedIsThrown() throws {
        try fixture.changeRegion(
            """
            INSERT INTO faults (operation, kind, milliseconds, status, code, remaining)
            VALUES ('GetObject', 'error', 0, 403, 'AccessDenied', 100)
            """)
        let error = #expect(throws: AWSError.self) { try get((0..<20).map { "p/\($0)" }) }
        #expect(error?.isAccessDenied == true)
    }
}

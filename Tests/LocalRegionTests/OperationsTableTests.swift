import Foundation
import TestSupport
import Testing

@testable import LocalRegion

/// `Operations.md` names, for each operation, the tests by code of others: they are there, and no operation is left out.
@Suite struct OperationsTableTests {
    private let text: String
    private let rows: [[String]]

    init() throws {
        let path = try Repository.folder("Sources/LocalRegion/LocalRegion.docc") + "/Operations.md"
        text = try String(contentsOfFile: path, encoding: .utf8)
        rows = text.split(separator: "\n").filter { $0.hasPrefix("|") }.dropFirst(2).map { line in
            line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        }.filter { $0.first?.hasPrefix("**") == false }
    }

    @Test func everyTestThatIsNamedIsThere() throws {
        let names = text.matches(of: /`([A-Za-z_0-9]+\.(?:py::)?[A-Za-z_0-9]+)`/).map { String($0.1) }
            .filter { $0.contains("::") || $0.contains("Tests.") }
        #expect(names.count > 40)
        for name in Set(names) {
            let (file, function) = try place(of: name)
            let source = try String(contentsOfFile: file, encoding: .utf8)
            #expect(source.contains(function), "\(name): there is no \u{201C}\(function)\u{201D} in \(file)")
        }
    }

    private func place(of name: String) throws -> (file: String, function: String) {
        if let range = name.range(of: "::") {
            let folder = try Repository.folder("Tests/system")
            return ("\(folder)/\(name[..<range.lowerBound])", "\ndef \(name[range.upperBound...])(")
        }
        let parts = name.split(separator: ".")
        let modules = ["AWSTests", "LocalRegionTests"]
        let folders = try modules.map { try Repository.folder("Tests/\($0)") }
        let file = folders.map { "\($0)/\(parts[0]).swift" }.first(where: FileManager.default.fileExists)
        return (try #require(file, "\(name)"), "func \(parts[1])(")
    }

    @Test func everyRowHasAllColumnsAndBoto3Everywhere() {
        #expect(rows.count > 20)
        for row in rows {
            #expect(row.count == 4 && row.dropFirst().allSatisfy { $0 == "–" || $0.hasPrefix("`") }, "\(row)")
            #expect(row.last?.contains(".py::") == true, "\(row)")
        }
    }

    @Test func noOperationIsLeftOut() throws {
        let named = Set(rows.flatMap { $0[0].split { !$0.isLetter && !$0.isNumber }.map(String.init) })
        for operation in S3Operation.allCases { #expect(named.contains(operation.rawValue), "\(operation.rawValue)") }
        // What the client asks for, as its sources name it; each of these has a test against both servers, or says why not.
        let folder = try Repository.folder("Sources/AWS")
        let files = try #require(FileManager.default.enumerator(atPath: folder)).compactMap { $0 as? String }
        var asked: Set<String> = []
        for file in files where file.hasSuffix(".swift") {
            let source = try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
            let calls = /(?:\.s3|\.batch|\.logs|\.sts|\.cloudFormation|pages)\(\s*"([A-Z][A-Za-z0-9]+)"/
            asked.formUnion(source.matches(of: calls).map { String($0.1) })
        }
        // Of a bucket that is elsewhere only, which the region has none of: `BucketRegionTests` has both.
        asked.subtract(["HeadBucket", "GetBucketLocation"])
        #expect(asked.count >= 19)
        for operation in asked {
            let row = rows.first { $0[0].contains(operation) }
            #expect(row?[2].hasPrefix("`") == true, "\(operation)")
        }
    }
}

import FoundationEssentials
import Processes
import TestSupport
import Testing

@testable import Batchport

/// The table of the provider's lines (Provider.md) names tests that are there, and leaves no line out.
struct ProviderTableTests {
    /// The table's rows: the line, and the names of its tests.
    private func rows() throws -> [(line: String, tests: [String])] {
        let file = try Repository.folder("Sources/Batchport/Batchport.docc") + "/Provider.md"
        return String(decoding: try File.read(file), as: UTF8.self).split(separator: "\n")
            .filter { $0.hasPrefix("| ") && !$0.hasPrefix("| line ") }
            .map { row in
                let cells = row.split(separator: "|")
                return (String(cells[0]), Self.quoted(cells.count > 1 ? cells[1] : ""))
            }
    }

    private static func quoted(_ text: Substring) -> [String] {
        text.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }
            .map { String($0.element) }
    }

    /// `Suite.test` of every Swift test, `file.py::test` of every test of the whole.
    private func tests() throws -> Set<String> {
        var found: Set<String> = []
        let root = try Repository.folder("Tests")
        for folder in try FileManager.default.contentsOfDirectory(atPath: root) {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: root + "/" + folder)) ?? [] {
                let isSwift = name.hasSuffix("Tests.swift")
                guard isSwift || name.hasPrefix("test_") && name.hasSuffix(".py") else { continue }
                let text = String(decoding: try File.read(root + "/" + folder + "/" + name), as: UTF8.self)
                found.formUnion(isSwift ? Self.swiftTests(text) : Self.systemTests(text, name))
            }
        }
        return found
    }

    private static func swiftTests(_ text: String) -> [String] {
        var (suite, isTest, found) = ("", false, [String]())
        for line in text.split(separator: "\n") {
            let words = line.split { " (:{".contains($0) }.map(String.init)
            if let at = words.firstIndex(of: "struct"), !line.hasPrefix(" "), at + 1 < words.count {
                suite = words[at + 1]
            }
            if line.hasPrefix("    @Test") { isTest = true }
            guard isTest, line.hasPrefix("    "), let at = words.firstIndex(of: "func"), at + 1 < words.count else {
                continue
            }
            found.append(suite + "." + words[at + 1])
            isTest = false
        }
        return found
    }

    private static func systemTests(_ text: String, _ file: String) -> [String] {
        text.split(separator: "\n").filter { $0.hasPrefix("def test_") }
            .map { file + "::" + $0.dropFirst(4).prefix { $0 != "(" } }
    }

    @Test func eachLineNamesTestsThatAreThere() throws {
        let (rows, tests) = (try rows(), try tests())
        #expect(rows.count > 35 && tests.count > 500)
        for (line, names) in rows {
            #expect(!names.isEmpty, "\(line)")
            #expect(names.filter { !tests.contains($0) } == [], "\(line)")
        }
    }

    @Test func noLineIsLeftOut() throws {
        let lines = try rows().map(\.line).joined()
        let wanted =
            ["IOBucket", "JobDefinition", "JobQueue", "ServiceObject", "GPUCount", "Memory", "VCPUCount"]
            + ChildCounts.order + JobProperty.allCases.map(\.rawValue)
        #expect(wanted.filter { !lines.contains("`\($0)`") } == [])
    }
}

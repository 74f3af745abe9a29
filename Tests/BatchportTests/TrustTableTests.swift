import Foundation
import Processes
import TestSupport
import Testing

/// What the catalogue says about trust can be found in the tests that it names.
struct TrustTableTests {
    private func lines(_ article: String) throws -> [String] {
        let path = try Repository.folder("Sources/Batchport/Batchport.docc") + "/" + article
        return String(decoding: try File.read(path), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// `Suite.test` and `test_file.test_name` of a line.
    private func named(_ line: String) -> [(suite: String, test: String)] {
        line.matches(of: /`([A-Za-z_]+Tests?|test_[a-z_]+)\.([A-Za-z_0-9]+)`/).map { (String($0.1), String($0.2)) }
    }

    /// Names of functions by the suite or file that they stand in.
    private func tests() throws -> [String: Set<String>] {
        let root = try Repository.folder("Tests")
        var found: [String: Set<String>] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: root) {
            let name = path.split(separator: "/").last.map(String.init) ?? ""
            guard name.hasSuffix("Tests.swift") || (name.hasPrefix("test_") && name.hasSuffix(".py")) else { continue }
            let text = String(decoding: try File.read(root + "/" + path), as: UTF8.self)
            var suite = String(name.prefix { $0 != "." })
            for line in text.split(separator: "\n") {
                if let match = line.firstMatch(of: /(?:^|\s)(?:struct|class|actor) ([A-Za-z]+Tests?)\b/) {
                    suite = String(match.1)
                } else if let match = line.firstMatch(of: /(?:^|\s)(?:func|def) ([A-Za-z_0-9]+)\(/) {
                    found[suite, default: []].insert(String(match.1))
                }
            }
        }
        return found
    }

    @Test func everyTestThatIsNamedExists() throws {
        let tests = try tests()
        var count = 0
        for article in ["Trust.md", "ASVS.md"] {
            for line in try lines(article) {
                for (suite, test) in named(line) {
                    #expect(tests[suite]?.contains(test) == true, "\(article): \(suite).\(test)")
                    count += 1
                }
            }
        }
        #expect(count > 200)
    }

    /// Each of the 62 has a row, with a test or the word on why there is none.
    @Test func everyRequirementHasItsRow() throws {
        let rows = try lines("Trust.md").filter { $0.hasPrefix("| S") }
        let ids = rows.compactMap { $0.split(separator: " ").dropFirst().first.map(String.init) }
        #expect(ids == (1...62).map { "S\($0)" })
        for row in rows { #expect(!named(row).isEmpty || row.contains("**"), "\(row)") }
    }

    /// OWASP's list, and a statement for each of its requirements of levels 1 and 2.
    @Test func everyRequirementOfASVSHasAStatement() throws {
        let list = try Repository.folder("Tests/BatchportTests/ASVS") + "/asvs-5.0.0.csv"
        var levels: [String: String] = [:]
        for line in String(decoding: try File.read(list), as: UTF8.self).split(whereSeparator: \.isNewline) {
            guard let id = line.firstMatch(of: /,(V[0-9]+\.[0-9]+\.[0-9]+),/)?.1, let level = line.last,
                "12".contains(level)
            else { continue }
            levels[String(id)] = String(level)
        }
        #expect(levels.count == 253 && levels.values.count { $0 == "1" } == 70)
        var seen: [String: String] = [:]
        for line in try lines("ASVS.md") where line.hasPrefix("| V") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            #expect(cells.count == 4 && !cells[3].isEmpty, "\(line)")
            #expect(["Met", "**In part**", "**Not met**", "Not applicable"].contains(cells[2]), "\(line)")
            #expect(seen.updateValue(cells[1], forKey: cells[0]) == nil, "\(line)")
        }
        #expect(seen == levels)
    }
}

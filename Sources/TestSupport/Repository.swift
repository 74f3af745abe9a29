internal import FoundationEssentials

/// This source tree, found from the place where this file was compiled.
package enum Repository {
    /// A path below the root, such as `sql/portal`.
    package static func folder(_ path: String, compiledAt file: String = #filePath) throws -> String {
        let root = file.split(separator: "/").dropLast(3).joined(separator: "/")
        let folder = "/" + root + "/" + path
        guard FileManager.default.fileExists(atPath: folder) else {
            throw TestSupportError("\(folder) is not there: run tests from the tree they were built in")
        }
        return folder
    }

    static func files(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }
}

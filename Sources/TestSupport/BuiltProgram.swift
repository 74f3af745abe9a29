internal import FoundationEssentials

/// Programs of this package, found beside the running tests.
package enum BuiltProgram {
    package static func path(_ name: String) throws -> String {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let path = tests.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/" + name
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw TestSupportError("\(path) is not there: build the package with its tests")
        }
        return path
    }
}

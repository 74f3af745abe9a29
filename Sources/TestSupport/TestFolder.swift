internal import FoundationEssentials
internal import Processes

/// A folder of a test's own (mode 0700, its path short enough for sockets), removed with all it holds when its last
/// owner lets go.
package final class TestFolder: Sendable {
    package let path: String

    package init() throws {
        path = "/tmp/bp-" + UUID().uuidString.prefix(13).lowercased()
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The path of a name in it.
    package func file(_ name: String) -> String { path + "/" + name }

    package func write(_ bytes: [UInt8], to name: String) throws {
        try File.write(bytes, to: file(name))
    }

    package func read(_ name: String) throws -> [UInt8] {
        try File.read(file(name))
    }
}

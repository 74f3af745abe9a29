import Glibc
import Testing

@testable import Processes

@Suite struct FolderTests {
    @Test func tellsWhatIsThere() throws {
        let folder = try Folder.createTemporary(in: "/tmp", prefix: "folder-test-")
        defer { _ = unsafe remove(folder) }
        #expect(folder.hasPrefix("/tmp/folder-test-"))
        #expect(try Folder.entries(folder).isEmpty)
        try Folder.create(folder + "/b")
        try File.write([1, 2, 3], to: folder + "/a")
        try #require(unsafe symlink("a", folder + "/c") == 0)
        try #require(unsafe mkfifo(folder + "/d", 0o600) == 0)
        let entries = try Folder.entries(folder)
        #expect(entries.map(\.name) == ["a", "b", "c", "d"])
        #expect(entries.map(\.kind) == [.file, .folder, .link, .other])
        #expect(entries[0].size == 3)
        #expect(Folder.kind(folder + "/c") == .link)
        #expect(Folder.kind(folder + "/c", followsLinks: true) == .file)
        #expect(Folder.kind(folder + "/e") == nil)
        #expect(!File.isExecutable(folder + "/a"))
        #expect(!File.isExecutable(folder + "/b"))
        for entry in entries { _ = unsafe remove(folder + "/" + entry.name) }
    }

    @Test func aNameThatIsNotUTF8IsSaidToBe() throws {
        let folder = try Folder.createTemporary(in: "/tmp", prefix: "folder-test-")
        defer { _ = unsafe remove(folder) }
        let path = folder.utf8.map { CChar(bitPattern: $0) } + [0x2F, -1, 0x61, 0]
        let file = unsafe creat(path, 0o600)
        try #require(file >= 0)
        close(file)
        #expect(
            try Folder.entries(folder) == [.init(name: "\u{FFFD}a", isUTF8: false, kind: .file, size: 0)])
        unsafe unlink(path)
    }

    @Test func whatIsMissingIsAnError() {
        let error = #expect(throws: ProcessError.self) { try Folder.entries("/nowhere") }
        #expect(error?.isNotFound == true)
        #expect(throws: ProcessError.self) { try Folder.createTemporary(in: "/nowhere", prefix: "x") }
    }
}

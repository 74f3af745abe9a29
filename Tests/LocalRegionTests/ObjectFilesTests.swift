import FoundationEssentials
import Processes
import TestSupport
import Testing

@testable import LocalRegion

@Suite struct ObjectFilesTests {
    private let folder: TestFolder
    private let files: ObjectFiles

    init() throws {
        folder = try TestFolder()
        files = ObjectFiles(state: folder.path)
        try files.prepare()
    }

    @Test func nothingIsInPlaceUntilItIsKept() throws {
        var file = try files.receive()
        try file.write([1, 2])
        let id = file.id
        #expect(try files.find(id) == nil)
        try file.keep()
        let kept = try #require(try files.find(id))
        #expect(try kept.descriptor.read(max: 9) == [1, 2])
    }

    @Test func whatIsNotKeptIsGone() throws {
        do {
            let file = try files.receive()
            try file.write([1])
            #expect(try Folder.entries(folder.file("objects/incoming")).count == 1)
        }
        #expect(try Folder.entries(folder.file("objects/incoming")).isEmpty)
    }

    /// Only what is old and named by no row.
    @Test func orphans() throws {
        var ids: [UUID] = []
        for _ in 0..<3 {
            var file = try files.receive()
            try file.keep()
            ids.append(file.id)
        }
        try folder.write([1], to: "objects/incoming/left")
        try files.removeOrphans(olderThan: 3600) { _ in [] }
        for id in ids { #expect(try files.find(id) != nil) }
        try files.removeOrphans(olderThan: -60) { asked in Set(asked.filter { $0 == ids[1] }) }
        #expect(try files.find(ids[0]) == nil && files.find(ids[1]) != nil && files.find(ids[2]) == nil)
        #expect(try Folder.entries(folder.file("objects/incoming")).isEmpty)
    }
}

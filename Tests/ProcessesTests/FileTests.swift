import Glibc
import Processes
import Synchronization
import TestSupport
import Testing

struct FileTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    private func mode(_ path: String) -> UInt32 {
        var status = stat()
        _ = unsafe stat(path, &status)
        return status.st_mode & 0o777
    }

    @Test func wholeFilesReplaceWholeFiles() throws {
        let path = folder.file("a")
        try File.write([1, 2, 3], to: path)
        #expect(mode(path) == 0o600)
        try File.write([UInt8](repeating: 9, count: 200_000), to: path, mode: 0o640)
        #expect(mode(path) == 0o640)
        #expect(try File.read(path).count == 200_000)
        #expect(try Folder.entries(folder.path).map(\.name) == ["a"])
        #expect(throws: ProcessError.self) { try File.write([1], to: folder.file("b/c")) }
        try Folder.create(folder.file("d"))
        #expect(throws: ProcessError.self) { try File.write([1], to: folder.file("d")) }
        #expect(try Folder.entries(folder.path).map(\.name) == ["a", "d"])
    }

    @Test func readingHasALimit() throws {
        let path = folder.file("a")
        try File.write([UInt8](repeating: 1, count: 100), to: path)
        #expect(try File.read(path, limit: 100).count == 100)
        let error = #expect(throws: ProcessError.self) { try File.read(path, limit: 99) }
        #expect(error?.isTooLarge == true)
        let absent = #expect(throws: ProcessError.self) { try File.read(folder.file("x")) }
        #expect(absent?.isNotFound == true)
        #expect(absent?.description == "open \(folder.file("x")): No such file or directory")
    }

    @Test func ofManyCreatorsOneSucceeds() throws {
        let path = folder.file("a")
        let made = Mutex<[UInt8]>([])
        let refused = Atomic(0)
        let threads = try (0..<8).map { number in
            try Thread.start(name: "creator") {
                do throws(ProcessError) {
                    try File.create([UInt8(number)], at: path)
                    made.withLock { $0.append(UInt8(number)) }
                } catch {
                    if error.code == EEXIST { refused.add(1, ordering: .relaxed) }
                }
            }
        }
        for thread in threads { thread.join() }
        #expect(refused.load(ordering: .relaxed) == 7)
        #expect(try File.read(path) == made.withLock { $0 })
        #expect(try Folder.entries(folder.path).count == 1)
    }

    @Test func removing() throws {
        let path = folder.file("a")
        try File.write([1, 2, 3], to: path)
        try File.overwrite(path)
        #expect(try File.read(path) == [0, 0, 0])
        #expect(try File.remove(path))
        #expect(try !File.remove(path))
        #expect(!File.exists(path))
        #expect(throws: ProcessError.self) { try File.remove(folder.path) }
    }

    @Test func pipes() throws {
        let pipe = try Pipe()
        let isEmpty = !pipe.reading.isReadable(milliseconds: 0)
        #expect(isEmpty)
        try pipe.writing.write([1, 2, 3])
        let first = try pipe.reading.read(max: 2)
        #expect(first == [1, 2])
        let reading = pipe.readingEnd()
        let rest = [try reading.read(max: 10), try reading.read(max: 10)]
        #expect(rest == [[3], []])
        Signals.ignorePipe()
        let other = try Pipe().writingEnd()
        let error = #expect(throws: ProcessError.self) { try other.write([1]) }
        #expect(error?.code == EPIPE)
    }

    @Test func threadsHaveNamesAndAnEnd() throws {
        let name = Mutex("")
        let thread = try Thread.start(name: "a-name-that-is-too-long") {
            let bytes = (try? File.read("/proc/thread-self/comm")) ?? []
            name.withLock { $0 = String(decoding: bytes, as: UTF8.self) }
        }
        thread.join()
        #expect(name.withLock { $0 } == "a-name-that-is-\n")
        #expect(Clock.monotonicMilliseconds() > 0)
        #expect(Clock.milliseconds() > 1_700_000_000_000)
    }
}

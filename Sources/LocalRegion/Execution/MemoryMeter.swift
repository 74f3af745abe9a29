internal import Processes

/// What a sandbox's processes hold: the sum of their proportional sets, each shared page counted once, and what lies in
/// its /dev/shm, mapped or not.
enum MemoryMeter {
    /// - Parameter process: the sandbox's first process, as this side numbers it; itself not counted.
    static func bytes(under process: Int32) -> Int {
        var waiting = children(of: process)
        var own = 0
        var shared = 0
        while let next = waiting.popLast() {
            let held = held(by: next)
            own += held.own
            shared += held.shared
            waiting += children(of: next)
        }
        // Mapped files of /dev/shm are in both figures.
        let files = Filesystem.usedBytes("/proc/\(process)/root/dev/shm") ?? 0
        return own + max(shared, files)
    }

    /// Every thread has children of its own.
    private static func children(of process: Int32) -> [Int32] {
        let threads = (try? Folder.entries("/proc/\(process)/task")) ?? []
        return threads.flatMap { thread in
            words("/proc/\(process)/task/\(thread.name)/children").compactMap { Int32($0) }
        }
    }

    /// A process that makes itself unreadable is counted by its resident set, which anyone may read.
    private static func held(by process: Int32) -> (own: Int, shared: Int) {
        let words = words("/proc/\(process)/smaps_rollup")
        if let all = kilobytes("Pss:", words) {
            let shared = kilobytes("Pss_Shmem:", words) ?? 0
            return ((all - shared) << 10, shared << 10)
        }
        let pages = Self.words("/proc/\(process)/statm").dropFirst().first.flatMap { Int($0) } ?? 0
        return (pages << 12, 0)
    }

    private static func kilobytes(_ name: String, _ words: [Substring]) -> Int? {
        guard let place = words.firstIndex(where: { $0 == name }), place + 1 < words.endIndex else { return nil }
        return Int(words[place + 1])
    }

    /// None when the process is gone, or will not be read.
    private static func words(_ path: String) -> [Substring] {
        guard let bytes = try? File.read(path, limit: 1 << 20) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split { $0 == " " || $0 == "\n" }
    }
}

internal import JSON
internal import Processes

/// Why a sandbox could not be made.
struct SandboxError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// A sandbox with what its starter reads from it: whether the code runs, and its output.
struct StartedSandbox: ~Copyable {
    let sandbox: Sandbox
    /// Standard output and error of everything inside, bubblewrap included; ends with the last of them.
    let output: Descriptor
    private let status: Descriptor

    /// bubblewrap kills the sandbox when the thread that calls this ends (`--die-with-parent`).
    static func start(_ plan: SandboxPlan) throws -> StartedSandbox {
        let control = try Pipe()
        let status = try Pipe()
        let output = try Pipe()
        let information = try Pipe()
        var spawn = plan.spawn
        spawn.standardOutput = .descriptor(output.writing.number)
        spawn.standardError = .descriptor(output.writing.number)
        spawn.descriptors = [
            3: control.reading.number, 4: status.writing.number, SandboxPlan.information: information.writing.number,
        ]
        let child = try spawn.start()
        return try StartedSandbox(
            child, plan, control: control.writingEnd(), status: status.readingEnd(), output: output.readingEnd(),
            information: information.readingEnd(), end: Pipe())
    }

    private init(
        _ child: Child, _ plan: SandboxPlan, control: consuming Descriptor, status: consuming Descriptor,
        output: consuming Descriptor, information: consuming Descriptor, end: consuming Pipe
    ) throws {
        // A write to a bubblewrap that has failed already is reported by `failure`.
        try? control.write(plan.message)
        sandbox = Sandbox(child, process: try Self.process(information), control: control, end: end)
        self.output = output
        self.status = status
    }

    /// From bubblewrap's `--info-fd`; 0 when it made nothing.
    private static func process(_ information: borrowing Descriptor) throws(ProcessError) -> Int32 {
        var text: [UInt8] = []
        while !text.contains(UInt8(ascii: "}")) {
            let piece = try information.read(max: 4096)
            if piece.isEmpty { return 0 }
            text += piece
        }
        return (try? JSONValue.parse(text))?["child-pid"]?.integer.flatMap { Int32(exactly: $0) } ?? 0
    }

    /// Waits until the code runs, and then answers nil; otherwise why it does not, as ECS would say it.
    func failure() -> String? {
        var text: [UInt8] = []
        while !text.contains(0x0A), let piece = try? status.read(max: 64), !piece.isEmpty { text += piece }
        guard let code = text.first else { return "CannotCreateContainerError: \(words())" }
        if code == UInt8(ascii: "R") { return nil }
        let number = Int32(String(decoding: text.dropFirst(), as: UTF8.self).prefix { $0 != "\n" }) ?? 0
        return "CannotStartContainerError: Error response from daemon: failed to create task for container: "
            + ProcessError("exec", "the job's command", code: number).description
    }

    /// What bubblewrap or `init` said before it ended.
    private func words() -> String {
        var bytes: [UInt8] = []
        while let piece = try? output.read(max: 4096), !piece.isEmpty {
            if bytes.count < 1024 { bytes += piece }
        }
        return String(decoding: bytes.prefix(1024), as: UTF8.self)
    }
}

/// Where one job's documents and files lie in the bucket. Names given by people appear in no key but an output's.
///
///     {prefix}jobs/{uuid}/manifest.json
///     {prefix}jobs/{uuid}/code
///     {prefix}jobs/{uuid}/elements.jsonl, elements.index, initialization   of an array
///     {prefix}jobs/{uuid}/children/{k}/attempts/{n}/…                      of its child k, from 0: as below
///     {prefix}jobs/{uuid}/results/{k}/{n}/{part}.jsonl                     its results, part by part, from 0
///     {prefix}uploads/{uuid}
///     {prefix}jobs/{uuid}/attempts/{n}/outcome.json
///     {prefix}jobs/{uuid}/attempts/{n}/result.json
///     {prefix}jobs/{uuid}/attempts/{n}/output/{path}
package struct JobKeys: Sendable, Equatable {
    /// Empty, or ending in a slash.
    package let prefix: String
    /// The JobUUID in lower case.
    package let job: String
    /// Whose attempts are meant; nil for the job's own.
    package private(set) var child: Int?

    /// Fails when `job` is not a UUID's 36 characters. A prefix without its slash gets it.
    package init?(prefix: String, job: String) {
        let job = job.lowercased()
        guard Self.isUUID(job) else { return nil }
        self.prefix = prefix.isEmpty || prefix.hasSuffix("/") ? prefix : prefix + "/"
        self.job = job
    }

    /// From the key of a manifest, as the runner is given it.
    package init?(manifest key: String) {
        let tail = "/manifest.json"
        guard key.hasSuffix(tail) else { return nil }
        let folder = key.dropLast(tail.count)
        guard folder.count >= 41, folder.dropLast(36).hasSuffix("jobs/") else { return nil }
        self.init(prefix: String(folder.dropLast(41)), job: String(folder.suffix(36)))
        guard self.manifest == key else { return nil }
    }

    /// The same, with the attempts of one child.
    package func ofChild(_ k: Int) -> JobKeys {
        var keys = self
        keys.child = k
        return keys
    }

    /// Everything of the job lies below this; deleting a job deletes this prefix.
    package var folder: String { prefix + "jobs/" + job + "/" }
    package var manifest: String { folder + "manifest.json" }
    package var code: String { folder + "code" }
    /// An input file, which several jobs may share; `id` is a UUID's 36 characters.
    package func upload(_ id: String) -> String { prefix + "uploads/" + id }

    package var elements: String { folder + "elements.jsonl" }
    package var elementIndex: String { folder + "elements.index" }
    package var initialization: String { folder + "initialization" }
    /// Below it lie the results of all children.
    package var results: String { folder + "results/" }

    package func results(of child: Int, attempt: Int, part: Int) -> String {
        results + "\(child)/\(attempt)/\(part).jsonl"
    }

    /// `attempt` is AWS_BATCH_JOB_ATTEMPT, from 1.
    package func outcome(attempt: Int) -> String { self.attempt(attempt) + "outcome.json" }
    package func result(attempt: Int) -> String { self.attempt(attempt) + "result.json" }
    /// `path` as in `Outcome.Output.path`: relative and clean, see `OutputPath`.
    package func output(_ path: String, attempt: Int) -> String { self.attempt(attempt) + "output/" + path }

    private func attempt(_ n: Int) -> String { folder + (child.map { "children/\($0)/" } ?? "") + "attempts/\(n)/" }

    private static func isUUID(_ text: String) -> Bool {
        text.utf8.count == 36
            && text.utf8.enumerated().allSatisfy { index, byte in
                switch index {
                case 8, 13, 18, 23: byte == UInt8(ascii: "-")
                default: (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
                }
            }
    }
}

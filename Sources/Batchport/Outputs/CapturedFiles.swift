import AWS
import Cryptography
import FoundationEssentials
import JSON
import JobManifest
import PostgreSQL

/// Reading what the last attempt left in the bucket. It was written inside a user's container: sizes are limited, names
/// and keys checked, and nothing in it is believed that the bucket does not show.
extension Capture {
    private static let maxOutcomeBytes: Int64 = 16 << 20
    /// As many outputs as are kept.
    private static let maxOutputs = 10_000
    /// As many sentences about it as can be read beside the files.
    private static let mostLeftOut = 10

    /// Where the last attempt left its outcome, result and outputs.
    var folder: String { String(job.keys.output("", attempt: job.attempt).dropLast("output/".count)) }

    /// Sizes of the objects in that folder, by key.
    func objects(_ bench: inout Workbench) throws -> [String: Int64] {
        var found: [String: Int64] = [:]
        var token: String?
        repeat {
            try bench.stop.check()
            let page = try bench.aws.list(
                bucket: job.bucket, prefix: job.attempt > 0 ? folder : job.keys.attempts, continuation: token, by: key,
                in: job.region)
            for object in page.objects { found[object.key] = object.size }
            token = page.continuation
        } while token != nil && found.count <= Self.maxOutputs
        return found
    }

    /// Nil when there is none that can be used. What is kept of it is without the list of files, which has rows of its own.
    mutating func readOutcome(_ present: [String: Int64], _ bench: inout Workbench) throws -> Outcome? {
        let place = job.keys.outcome(attempt: job.attempt)
        guard let size = present[place] else {
            if job.hasSucceeded { gaps.append("The runner's record of the outcome is not in the bucket.") }
            return nil
        }
        guard size <= Self.maxOutcomeBytes else {
            gaps.append("The record of the outcome is too large to be read.")
            return nil
        }
        let bytes =
            try read[place]
            ?? bench.aws.get(
                bucket: job.bucket, key: place, maxBytes: Int(Self.maxOutcomeBytes), by: key, in: job.region)
        // The database's JSON cannot hold NUL.
        guard bytes.firstRange(of: Array("\\u0000".utf8)) == nil else {
            gaps.append("The record of the outcome holds a NUL and cannot be kept.")
            return nil
        }
        do {
            let outcome = try Outcome(bytes: bytes)
            guard outcome.holds(job.keys, attempt: job.attempt) else {
                gaps.append("The record of the outcome is not this job's.")
                return nil
            }
            self.outcome = try JSONValue.parse(bytes).without("outputs").serialized()
            return outcome
        } catch {
            gaps.append("The record of the outcome cannot be read. \(error)")
            return nil
        }
    }

    mutating func takeOutputs(_ outcome: Outcome, _ present: [String: Int64]) {
        outputs = outcome.outputs.prefix(Self.maxOutputs).map { output in
            CapturedOutput(
                path: output.path, attempt: job.attempt, key: output.object.key, size: output.object.size,
                sha256: unhex(output.object.sha256), contentType: ContentType.checked(output.contentType),
                isGone: present[output.object.key] != Int64(output.object.size))
        }
        tellLeftOut(outcome.messages)
        let gone = outputs.count { $0.isGone }
        if gone > 0 {
            gaps.append(
                "\(gone) of \(outputs.count) outputs were gone from the bucket, or changed, before they were captured.")
        }
    }

    /// What the runner says that it left out, which nobody gets any more.
    private mutating func tellLeftOut(_ messages: [String]) {
        let sentences = messages.filter { $0.contains("left out") }
        gaps += sentences.prefix(Self.mostLeftOut).map { String($0.prefix(300)) }
        let rest = sentences.count - Self.mostLeftOut
        if rest > 0 { gaps.append("And \(Words.count(rest)) more left out, as the log says.") }
    }

    /// Without an outcome the folder itself says what was left.
    mutating func takeUnlisted(_ present: [String: Int64]) {
        let folder = job.keys.output("", attempt: job.attempt)
        outputs = present.sorted { $0.key < $1.key }.prefix(Self.maxOutputs).compactMap { place, size in
            let path = String(place.dropFirst(folder.count))
            guard place.hasPrefix(folder), OutputPath.fault(in: path) == nil else { return nil }
            return CapturedOutput(
                path: path, attempt: job.attempt, key: place, size: Int(size), sha256: nil,
                contentType: ContentType.named(path), isGone: false)
        }
    }

    mutating func takeResult(
        _ left: Outcome.Result, _ present: [String: Int64], _ bench: inout Workbench
    ) throws {
        switch left {
        case .missing(let cause, let detail):
            result = .missing(
                cause == .failed ? job.failureCause : Missing.Cause(rawValue: cause.rawValue) ?? .failed, detail)
        case .stored(let object):
            guard present[object.key] == Int64(object.size) else {
                gaps.append("The result was gone from the bucket, or changed, before it was captured.")
                result = .missing(.outputExpired, nil)
                return
            }
            let limit = try bench.database.workerLimit("result.bytes", else: 1 << 20)
            guard object.size <= limit else {
                let words = "It has \(Words.count(object.size)) bytes; at most \(Words.count(limit)) are kept."
                result = .missing(.tooLarge, words)
                return
            }
            result = try readResult(object, &bench)
        }
    }

    private mutating func readResult(_ object: StoredObject, _ bench: inout Workbench) throws -> CapturedResult {
        do {
            let bytes = try bench.aws.get(
                bucket: job.bucket, key: object.key, maxBytes: object.size, by: key, in: job.region)
            guard hex(sha256(bytes)) == object.sha256 else {
                gaps.append("The result in the bucket is not the one that was written.")
                return .missing(.outputExpired, "It was changed in the bucket before it was captured.")
            }
            try JSONValue.check(bytes, maxDepth: Outcome.Result.maxDepth)
            return .value(bytes)
        } catch let error as AWSError where error.isNotFound {
            gaps.append("The result was gone from the bucket before it was captured.")
            return .missing(.outputExpired, nil)
        } catch let error as JSONError {
            return .missing(.invalid, error.description)
        }
    }

    /// The beginnings of the first text outputs, where they are not known yet; `keep` is told of each.
    mutating func takePreviews(
        _ bench: inout Workbench, keep: (CapturedOutput, inout Workbench) throws -> Void = { _, _ in }
    ) throws {
        var left = try previewsLeft ?? bench.database.workerLimit("previews.count", else: 200)
        do {
            for index in outputs.indices where left > 0 && ContentType.isText(outputs[index].contentType) {
                if outputs[index].isGone { continue }
                left -= 1
                if outputs[index].preview != nil { continue }
                try bench.stop.check()
                outputs[index].preview = try preview(outputs[index], &bench)
                try keep(outputs[index], &bench)
            }
        } catch let error as AWSError {
            guard error.isDefinite, !error.isCredentialRefused else { throw error }
            gaps.append("Previews of the outputs could not be read: \(error.sentence)")
        }
    }

    private func preview(_ output: CapturedOutput, _ bench: inout Workbench) throws -> String? {
        if output.size == 0 { return "" }
        let count = min(output.size, Preview.maxBytes)
        do {
            let bytes = try bench.aws.get(
                bucket: job.bucket, key: output.key, range: 0...Int64(count) - 1, maxBytes: count, by: key,
                in: job.region)
            return Preview.text(bytes, isWhole: output.size <= count)
        } catch {
            guard error.isNotFound else { throw error }
            return nil
        }
    }
}

extension JobKeys {
    /// Below it lie the job's attempts, or the child's.
    var attempts: String { String(outcome(attempt: 1).dropLast("1/outcome.json".count)) }
    /// Below it lie an array's children.
    var children: String { folder + "children/" }

    /// Whose object it is, by its key.
    func child(of key: String) -> Int? {
        key.hasPrefix(children) ? Int(key.dropFirst(children.count).prefix { $0 != "/" }) : nil
    }

    /// 0 where there is none.
    func lastAttempt(among keys: some Sequence<String>) -> Int {
        keys.compactMap { $0.hasPrefix(attempts) ? Int($0.dropFirst(attempts.count).prefix { $0 != "/" }) : nil }.max()
            ?? 0
    }
}

extension EndedJob {
    /// The runner knows that the code failed; we know whether somebody or the clock made it.
    fileprivate var failureCause: Missing.Cause { hasSucceeded ? .failed : cause }
}

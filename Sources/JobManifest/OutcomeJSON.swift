internal import JSON

extension Outcome {
    /// The document as it is stored: UTF-8 JSON, members sorted; what is not known is absent.
    package var bytes: [UInt8] {
        var members: [JSONValue.Member] = [
            .init("version", JSONValue(Self.version)), .init("job", JSONValue(job)),
            .init("attempt", JSONValue(attempt)), .init("phase", JSONValue(phase.rawValue)),
            .init("outputs", .array(outputs.map(\.json))), .init("result", result.json),
            .init("messages", JSONValue(messages)),
        ]
        if let child { members.append(.init("child", JSONValue(child))) }
        if let elements { members.append(.init("elements", elements.json)) }
        if let evaluation { members.append(.init("evaluation", evaluation.json)) }
        switch exit {
        case .code(let code): members.append(.init("exitCode", JSONValue(code)))
        case .signal(let number): members.append(.init("signal", JSONValue(number)))
        case nil: break
        }
        let numbers = [
            ("startedAt", startedAt), ("stoppedAt", stoppedAt), ("cpuMilliseconds", cpuMilliseconds),
            ("elapsedMilliseconds", elapsedMilliseconds), ("peakMemoryKiB", peakMemoryKiB),
        ]
        for case (let name, let number?) in numbers { members.append(.init(name, JSONValue(number))) }
        return JSONValue.object(members).serialized()
    }

    /// Reads a stored outcome. It was written inside a user's container: nothing in it is trusted beyond its shape,
    /// and whoever follows a key must check that it lies in the job's folder (`holds(_:)`).
    package init(bytes: [UInt8]) throws(DocumentError) {
        let reader = try DocumentReader.open(bytes, "outcome", version: Self.version)
        job = try reader.string("job")
        child = reader.has("child") ? try reader.count("child") : nil
        attempt = try reader.count("attempt")
        phase = try reader.choice("phase", Phase.self)
        exit = try Self.exit(reader)
        startedAt = try Self.number(reader, "startedAt")
        stoppedAt = try Self.number(reader, "stoppedAt")
        cpuMilliseconds = try Self.number(reader, "cpuMilliseconds")
        elapsedMilliseconds = try Self.number(reader, "elapsedMilliseconds")
        peakMemoryKiB = try Self.number(reader, "peakMemoryKiB")
        outputs = []
        for item in try reader.items("outputs") { outputs.append(try Output(item)) }
        result = try Result(try reader.object("result"))
        elements = reader.has("elements") ? try Elements(try reader.object("elements")) : nil
        evaluation = reader.has("evaluation") ? try Evaluation(try reader.object("evaluation")) : nil
        messages = try reader.strings("messages")
    }

    /// Whether this is the outcome of that attempt, and every key is the one that `keys` gives.
    package func holds(_ keys: JobKeys, attempt: Int) -> Bool {
        guard job == keys.job, child == keys.child, self.attempt == attempt else { return false }
        if case .stored(let object) = result, object.key != keys.result(attempt: attempt) { return false }
        return outputs.allSatisfy { $0.object.key == keys.output($0.path, attempt: attempt) }
    }

    private static func number(_ reader: DocumentReader, _ name: String) throws(DocumentError) -> Int64? {
        reader.has(name) ? Int64(try reader.count(name)) : nil
    }

    private static func exit(_ reader: DocumentReader) throws(DocumentError) -> Exit? {
        if reader.has("exitCode") { return .code(try reader.count("exitCode")) }
        return reader.has("signal") ? .signal(try reader.count("signal")) : nil
    }
}

extension Outcome.Output {
    fileprivate var json: JSONValue {
        .object([.init("path", JSONValue(path)), .init("contentType", JSONValue(contentType))] + object.members)
    }

    fileprivate init(_ reader: DocumentReader) throws(DocumentError) {
        path = try reader.object().string("path")
        if let fault = OutputPath.fault(in: path) { throw reader.fault("path", String(fault.sentence.dropLast())) }
        object = try StoredObject(reader)
        contentType = try reader.string("contentType")
    }
}

extension Outcome.Elements {
    fileprivate var json: JSONValue {
        [
            "count": JSONValue(count), "succeeded": JSONValue(succeeded), "failed": JSONValue(failed),
            "parts": JSONValue(parts),
        ]
    }

    fileprivate init(_ reader: DocumentReader) throws(DocumentError) {
        count = try reader.count("count")
        succeeded = try reader.count("succeeded")
        failed = try reader.count("failed")
        parts = try reader.count("parts")
    }
}

extension Outcome.Evaluation {
    fileprivate var json: JSONValue {
        ["success": .bool(success), "messages": JSONValue(messages), "inputForm": JSONValue(inputForm)]
    }

    /// A kernel's own record, version 1: the same members.
    package init(bytes: [UInt8]) throws(DocumentError) {
        try self.init(DocumentReader.open(bytes, "kernel's record", version: 1))
    }

    fileprivate init(_ reader: DocumentReader) throws(DocumentError) {
        guard let success = reader.value["success"]?.bool else { throw reader.fault("success", "must be a boolean") }
        self.success = success
        messages = try reader.strings("messages")
        inputForm = reader.has("inputForm") ? try reader.string("inputForm") : nil
    }
}

extension Outcome.Result {
    fileprivate var json: JSONValue {
        switch self {
        case .stored(let object): .object(object.members)
        case .missing(let cause, let detail):
            ["missing": ["cause": JSONValue(cause.rawValue), "detail": JSONValue(detail)]]
        }
    }

    fileprivate init(_ reader: DocumentReader) throws(DocumentError) {
        guard reader.has("missing") else {
            self = .stored(try StoredObject(reader))
            return
        }
        let missing = try reader.object("missing")
        self = .missing(try missing.choice("cause", Cause.self), detail: try missing.string("detail"))
    }
}

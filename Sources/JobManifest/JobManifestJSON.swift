internal import JSON

extension JobManifest {
    /// The document as it is stored: UTF-8 JSON, members sorted.
    package var bytes: [UInt8] {
        var members: [JSONValue.Member] = [
            .init("version", JSONValue(Self.version)), .init("job", JSONValue(job)),
            .init("jobType", JSONValue(jobType.rawValue)), .init("language", JSONValue(code.language.rawValue)),
            .init("inputFiles", .array(inputFiles.map(\.json))),
            .init("environment", .object(environment.map { .init($0.key, JSONValue($0.value)) })),
            .init("resultFormat", JSONValue(resultFormat.rawValue)), .init("limits", limits.json),
        ]
        if let vcpus { members.append(.init("vcpus", JSONValue(vcpus))) }
        if let array { members.append(.init("array", array.json)) }
        switch code {
        case .shell(let object), .python(let object), .wolfram(let object):
            members.append(.init("code", .object(object.members)))
        case .command(let argv): members.append(.init("argv", JSONValue(argv)))
        }
        return JSONValue.object(members).serialized()
    }

    /// Reads a stored manifest and checks all that does not need the bucket: names, duplicates, variables.
    package init(bytes: [UInt8]) throws(DocumentError) {
        let reader = try DocumentReader.open(bytes, "manifest", version: Self.version)
        job = try reader.string("job")
        guard JobKeys(prefix: "", job: job)?.job == job else { throw reader.fault("job", "is not a JobUUID") }
        let jobType = try reader.choice("jobType", JobType.self)
        code = try Self.code(reader)
        inputFiles = try Self.inputFiles(reader)
        environment = try Self.environment(reader)
        resultFormat = try reader.choice("resultFormat", ResultFormat.self)
        vcpus = reader.has("vcpus") ? try reader.count("vcpus") : nil
        if vcpus == 0 { throw reader.fault("vcpus", "must be at least 1") }
        limits = reader.has("limits") ? try Limits(try reader.object("limits")) : Limits()
        array = jobType == .array ? try ArrayWork(try reader.object("array")) : nil
    }

    private static func code(_ reader: DocumentReader) throws(DocumentError) -> Code {
        switch try reader.choice("language", Language.self) {
        case .shell: return .shell(try StoredObject(try reader.object("code")))
        case .python: return .python(try StoredObject(try reader.object("code")))
        case .wolfram: return .wolfram(try StoredObject(try reader.object("code")))
        case .command:
            let argv = try reader.strings("argv")
            guard let program = argv.first, !program.isEmpty else { throw reader.fault("argv", "names no program") }
            if argv.contains(where: { $0.utf8.contains(0) }) { throw reader.fault("argv", "has a NUL character") }
            return .command(argv)
        }
    }

    private static func inputFiles(_ reader: DocumentReader) throws(DocumentError) -> [InputFile] {
        var files: [InputFile] = []
        var names: Set<String> = []
        for item in try reader.items("inputFiles") {
            let name = try item.object().string("name")
            if let fault = InputName.fault(in: name) { throw item.fault("name", String(fault.sentence.dropLast())) }
            guard names.insert(name).inserted else { throw item.fault("name", "is there twice") }
            files.append(InputFile(name: name, object: try StoredObject(item)))
        }
        return files
    }

    private static func environment(_ reader: DocumentReader) throws(DocumentError) -> [String: String] {
        var variables: [String: String] = [:]
        let object = try reader.object("environment")
        for member in object.value.members ?? [] {
            if let fault = VariableName.fault(in: member.name) { throw object.fault(member.name, fault) }
            let value = try object.string(member.name)
            if value.utf8.contains(0) { throw object.fault(member.name, "has a NUL character") }
            variables[member.name] = value
        }
        return variables
    }
}

extension JobManifest.InputFile {
    fileprivate var json: JSONValue { .object([.init("name", JSONValue(name))] + object.members) }
}

extension JobManifest.Limits {
    fileprivate var json: JSONValue {
        ["resultBytes": JSONValue(resultBytes), "outputFiles": JSONValue(outputFiles)]
    }

    fileprivate init(_ reader: DocumentReader) throws(DocumentError) {
        if reader.has("resultBytes") { resultBytes = try reader.count("resultBytes") }
        if reader.has("outputFiles") { outputFiles = try reader.count("outputFiles") }
    }
}

/// Names of the environment variables that a job may set.
package enum VariableName {
    /// Completes "The variable …"; nil if the name is good. AWS Batch refuses names that begin with AWS_BATCH.
    package static func fault(in name: String) -> String? {
        let first = name.utf8.first.map(isLetter) ?? false
        guard first, name.utf8.count <= 255, name.utf8.allSatisfy({ isLetter($0) || (0x30...0x39).contains($0) }) else {
            return "is not a name of letters, digits and underscores"
        }
        let kept = ["AWS_BATCH", "BATCHPORT_"].first { name.hasPrefix($0) }
        return kept.map { "may not begin with \($0)" }
    }

    /// As `fault`, and why a name that could be had is not: whoever submits chooses neither identity nor place of the calls
    /// to AWS that an image makes, nor what is loaded into its programs. In an image without the runner these variables
    /// stand in the container's own environment. Not asked of manifests: what was accepted once still runs.
    package static func refusal(of name: String) -> String? {
        if let fault = fault(in: name) { return fault }
        if name.hasPrefix("AWS_"), !harmless.contains(name) {
            let others = harmless.sorted().joined(separator: ", ")
            return "may not be set: names that begin with AWS_ say who signs and where calls go, but for \(others)"
        }
        return name.hasPrefix("LD_") ? "may not be set: it changes what the container's programs load" : nil
    }

    private static let harmless: Set = [
        "AWS_DEFAULT_OUTPUT", "AWS_DEFAULT_REGION", "AWS_MAX_ATTEMPTS", "AWS_NO_SIGN_REQUEST", "AWS_PAGER",
        "AWS_REGION", "AWS_REQUEST_PAYER", "AWS_RETRY_MODE",
    ]

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "_")
    }
}

import Cryptography
package import FoundationEssentials
package import JSON

/// A submission as asked for, before anything is checked: from the API's body or from the form, told apart no more.
package struct JobRequest {
    package struct InputFile {
        package enum Content {
            case bytes([UInt8])
            case upload(UUID)
        }

        package let name: String
        package let content: Content
    }

    /// By id or name.
    package var environment = ""
    package var name = ""
    package var jobType = "Single"
    package var language = ""
    package var source = ""
    package var argv: [String] = []
    package var inputFiles: [InputFile] = []
    package var variables: [(name: String, value: String)] = []
    package var tags: [(name: String, value: String)] = []
    package var gpuCount = "Inherited"
    package var memory = "Automatic"
    package var vcpuCount = "Inherited"
    package var timeConstraint: Int?
    package var startBefore: Int64?
    package var resultFormat = "json"
    /// Of an array only.
    package var array = ArrayRequest()
    /// Entered for this job alone.
    var credential: EnteredCredential?

    package init() {}
}

extension JobRequest {
    /// Reads api.md's submission body; every fault of form is thrown at once as 400.
    package init(json: JSONValue) throws {
        var reader = ObjectReader(json)
        environment = reader.string("environment") ?? ""
        name = reader.string("name") ?? ""
        jobType = reader.string("jobType") ?? "Single"
        var code = (language: "", source: "", argv: [String]())
        var array = ArrayRequest()
        _ = reader.object("code") { inner in
            array.readCode(&inner)
            code = (inner.string("language") ?? "", inner.string("source") ?? "", inner.strings("argv") ?? [])
        }
        (language, source, argv) = code
        array.read(&reader)
        self.array = array
        variables = reader.stringMap("env") ?? []
        tags = reader.stringMap("tags") ?? []
        resultFormat = reader.string("resultFormat") ?? "json"
        timeConstraint = reader.integer("timeConstraint")
        var settings = (gpu: "Inherited", memory: "Automatic", vcpu: "Inherited")
        _ = reader.object("settings") { inner in
            settings.gpu = Self.quantity("gpuCount", &inner) ?? settings.gpu
            settings.memory = Self.quantity("memory", &inner) ?? settings.memory
            settings.vcpu = Self.quantity("vcpuCount", &inner) ?? settings.vcpu
        }
        (gpuCount, memory, vcpuCount) = (settings.gpu, settings.memory, settings.vcpu)
        inputFiles = Self.inputFiles(&reader)
        credential = reader.enteredCredential()
        let startBeforeText = reader.string("startBefore")
        startBefore = startBeforeText.flatMap(Instant.init(rfc3339:))?.milliseconds
        var problems = reader.finish()
        if startBeforeText != nil, startBefore == nil {
            problems.append(
                .init(
                    pointer: "/startBefore", code: "wrongType", message: "startBefore must be a time, RFC 3339 in UTC.")
            )
        }
        guard problems.isEmpty else {
            throw Failure.unreadable(
                "The body has fields that cannot be read.", problems.map(Failure.Problem.init))
        }
    }

    /// A setting is a number or a word.
    private static func quantity(_ name: String, _ reader: inout ObjectReader) -> String? {
        guard let value = reader.value(name) else { return nil }
        switch value {
        case .string(let text): return text
        case .number(let text): return text
        default:
            reader.wrongType(reader.pointer(to: name), "a number or a string", value)
            return nil
        }
    }

    private static func inputFiles(_ reader: inout ObjectReader) -> [InputFile] {
        var files: [InputFile] = []
        _ = reader.object("inputFiles") { inner in
            for name in inner.names {
                _ = inner.object(name) { file in
                    let text = file.string("base64")
                    let upload = file.string("upload")
                    if let content = content(base64: text, upload: upload) {
                        files.append(InputFile(name: name, content: content))
                    } else {
                        file.refuse(
                            "wrongType", "An input file is {\"base64\": …} or {\"upload\": id}, and well-formed.")
                    }
                }
            }
        }
        return files
    }

    private static func content(base64 text: String?, upload: String?) -> InputFile.Content? {
        switch (text, upload) {
        case (let text?, nil): unbase64(text).map(InputFile.Content.bytes)
        case (nil, let upload?): UUID(uuidString: upload).map(InputFile.Content.upload)
        default: nil
        }
    }
}

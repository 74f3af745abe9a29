import JSON

extension Job {
    /// A body that would submit this job again, with the very same input files. One that is gone, or that is another
    /// person's, has `null` in its place and must be sent anew.
    /// - Parameter onlyMissing: of an array, those of its elements that have no value.
    func submission(inputs: [InputAgain], onlyMissing: Bool) -> JSONValue {
        let members: [JSONValue.Member] = [
            .init("environment", .string(self.environment.name)), .init("name", .string(self.name)),
            .init("jobType", .string(self.children == nil ? "Single" : "Array")), .init("code", code),
            .init("settings", settings), .init("timeConstraint", JSONValue(timeConstraint)), .init("env", variables),
            .init("tags", tags), .init("resultFormat", .string(self.resultFormat)),
            .init("inputFiles", .object(inputs.map { .init($0.name, ["upload": JSONValue($0.upload?.lower)]) })),
        ]
        return .object(members + (array.map { again($0, onlyMissing) } ?? []))
    }

    private var code: JSONValue {
        var members: [JSONValue.Member] = [.init("language", .string(self.language))]
        if let argv {
            members.append(.init("argv", JSONValue(argv)))
        } else {
            members.append(.init("source", .string(String(decoding: source ?? [], as: UTF8.self))))
        }
        if let array {
            let initialization = String(decoding: array.initialization ?? [], as: UTF8.self)
            members += [
                .init("function", .string(array.function)), .init("initialization", .string(initialization)),
                .init("workers", JSONValue(array.workers)),
            ]
        }
        return .object(members)
    }

    private func again(_ array: ArrayFacts, _ onlyMissing: Bool) -> [JSONValue.Member] {
        var elements: [JSONValue.Member] = [.init("job", .string(idText))]
        if onlyMissing { elements.append(.init("only", "missing")) }
        return [.init("elements", .object(elements)), .init("method", array.method.json)]
    }
}

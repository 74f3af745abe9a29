import JSON

extension Job {
    /// A body that would submit this job again, with the very same input files. One that is gone, or that is another
    /// person's, has `null` in its place and must be sent anew.
    func submission(inputs: [InputAgain]) -> JSONValue {
        let code: JSONValue =
            argv.map { ["language": .string(self.language), "argv": JSONValue($0)] }
            ?? ["language": .string(self.language), "source": .string(String(decoding: source ?? [], as: UTF8.self))]
        return [
            "environment": .string(self.environment.name), "name": .string(self.name),
            "jobType": .string(self.children == nil ? "Single" : "Array"),
            "code": code, "settings": settings, "timeConstraint": JSONValue(timeConstraint), "env": variables,
            "tags": tags, "resultFormat": .string(array?.resultFormat ?? "json"),
            "inputFiles": .object(inputs.map { .init($0.name, ["upload": JSONValue($0.upload?.lower)]) }),
        ]
    }
}

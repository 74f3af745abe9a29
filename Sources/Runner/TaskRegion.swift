internal import HTTPClient
internal import JSON

/// The Region that the container runs in, which is its bucket's.
enum TaskRegion {
    /// The container's variables; where the platform sets none (containers on EC2), the task's own ARN, from ECS's task
    /// metadata endpoint (version 4).
    static func find(
        _ environment: [String: String], _ http: inout HTTPClient
    ) throws(RunnerFault) -> String {
        if let region = environment.nonEmpty("AWS_REGION") ?? environment.nonEmpty("AWS_DEFAULT_REGION") {
            return region
        }
        if let metadata = environment.nonEmpty("ECS_CONTAINER_METADATA_URI_V4"),
            metadata.hasPrefix("http://\(CredentialSource.containerHost)/"),
            let task = try? http.send(HTTPClient.Request(url: metadata + "/task", totalMilliseconds: 10_000)),
            let region = region(ofTask: task.body)
        {
            return region
        }
        throw RunnerFault(.setup, "The variable AWS_REGION is not set.")
    }

    /// `{"TaskARN": "arn:aws:ecs:REGION:…", …}`
    static func region(ofTask document: [UInt8]) -> String? {
        let arn = (try? JSONValue.parse(document))?["TaskARN"]?.string ?? ""
        let parts = arn.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count >= 6 && parts[2] == "ecs" && !parts[3].isEmpty ? String(parts[3]) : nil
    }
}

/// What a signature says that it is for: `AKIA…/20261125/us-local-1/s3/aws4_request`.
package struct LocalScope: Sendable, Equatable {
    package let accessKeyID: String
    /// `yyyymmdd`.
    package let date: String
    package let region: String
    package let service: String

    /// Nil unless it has exactly the five parts.
    package init?(_ credential: Substring) {
        let parts = credential.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[4] == "aws4_request", parts.allSatisfy({ !$0.isEmpty }),
            parts[1].utf8.count == 8, parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        accessKeyID = String(parts[0])
        date = String(parts[1])
        region = String(parts[2])
        service = String(parts[3])
    }

    package var text: String { "\(date)/\(region)/\(service)/aws4_request" }
}

/// The runner's only argument: where its manifest lies, written `s3://BUCKET/{prefix}jobs/{uuid}/manifest.json`.
package struct ManifestAddress: Sendable, Equatable, CustomStringConvertible {
    /// The runner's place in every image that has it.
    package static let runner = "/opt/batchport/batchport-runner"

    /// The manifest's SHA-256 in hexadecimal digits, in the container's environment: AWS keeps that, and no job can change
    /// another's. Absent where an older portal has sent the job.
    package static let digestVariable = "BATCHPORT_MANIFEST_SHA256"

    package let bucket: String
    package let keys: JobKeys

    package init(bucket: String, keys: JobKeys) {
        self.bucket = bucket
        self.keys = keys
    }

    package init?(_ text: String) {
        guard text.hasPrefix("s3://") else { return nil }
        let parts = text.dropFirst(5).split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, Self.isBucket(parts[0]), let keys = JobKeys(manifest: String(parts[1])) else {
            return nil
        }
        self.init(bucket: String(parts[0]), keys: keys)
    }

    package var description: String { "s3://\(bucket)/\(keys.manifest)" }

    /// The container's command that SubmitJob sends.
    package var command: [String] { [Self.runner, description] }

    /// S3's characters for bucket names; the portal checks the finer rules where the bucket is entered.
    private static func isBucket(_ name: Substring) -> Bool {
        (3...63).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "-")
                    || byte == UInt8(ascii: ".")
            }
    }
}

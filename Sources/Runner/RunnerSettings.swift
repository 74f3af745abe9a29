internal import JobManifest
internal import Processes

/// All that the container tells the runner.
///
/// | variable | |
/// |---|---|
/// | `AWS_REGION`, `AWS_DEFAULT_REGION` | the bucket's region; else the task's, from `ECS_CONTAINER_METADATA_URI_V4` |
/// | `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL` | another S3 than AWS's own |
/// | `AWS_CA_BUNDLE` | certificates instead of the bundle's |
/// | `AWS_BATCH_JOB_ATTEMPT` | from 1; 1 if it is not set |
/// | `AWS_BATCH_JOB_ARRAY_INDEX` | which child of an array this is, from 0; set for such children only |
/// | `BATCHPORT_STOP_SECONDS` | how long the code may take to end after SIGTERM, 20 unless set: AWS kills the container after 30, and what the code leaves is uploaded in between |
/// | `BATCHPORT_PATIENCE_SECONDS` | how long S3 and the credentials endpoint may be in trouble, 300 unless set |
/// | `BATCHPORT_BUNDLE`, `BATCHPORT_ARGUMENT` | set by the launcher: where the bundle lies, and the command line's argument |
///
/// For credentials see `CredentialSource`.
struct RunnerSettings: Sendable {
    let manifest: ManifestAddress
    /// What the manifest must be, in hexadecimal digits.
    let manifestDigest: String?
    let attempt: Int
    let child: Int?
    let endpoint: String?
    let caFile: String?
    let stopMilliseconds: Int
    let patienceMilliseconds: Int
    let environment: [String: String]

    init(arguments: [String], environment: [String: String]) throws(RunnerFault) {
        self.environment = environment
        guard let argument = arguments.first, arguments.count == 1 else {
            throw RunnerFault(.setup, Self.usage)
        }
        guard let manifest = ManifestAddress(argument) else {
            throw RunnerFault(.setup, "\(quoted(argument)) is not the address of a manifest. \(Self.usage)")
        }
        self.manifest = manifest
        manifestDigest = environment.nonEmpty(ManifestAddress.digestVariable)
        attempt = try Self.whole("AWS_BATCH_JOB_ATTEMPT", environment, 1...10_000) ?? 1
        child = try Self.whole("AWS_BATCH_JOB_ARRAY_INDEX", environment, 0...9999)
        stopMilliseconds = (try Self.whole("BATCHPORT_STOP_SECONDS", environment, 0...3600) ?? 20) * 1000
        patienceMilliseconds = (try Self.whole("BATCHPORT_PATIENCE_SECONDS", environment, 0...86_400) ?? 300) * 1000
        endpoint = environment.nonEmpty("AWS_ENDPOINT_URL_S3") ?? environment.nonEmpty("AWS_ENDPOINT_URL")
        caFile = environment.nonEmpty("AWS_CA_BUNDLE") ?? Self.bundledCertificates(environment)
    }

    static let usage = "Usage: batchport-runner s3://BUCKET/PREFIX/jobs/UUID/manifest.json"

    private static func bundledCertificates(_ environment: [String: String]) -> String? {
        guard let bundle = environment.nonEmpty("BATCHPORT_BUNDLE") else { return nil }
        let file = bundle + "/etc/ca-certificates.crt"
        return File.exists(file) ? file : nil
    }

    private static func whole(
        _ name: String, _ environment: [String: String], _ range: ClosedRange<Int>
    ) throws(RunnerFault) -> Int? {
        guard let text = environment.nonEmpty(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            let wanted = "a whole number from \(range.lowerBound) to \(range.upperBound)"
            throw RunnerFault(.setup, "The variable \(name) must be \(wanted), not \(quoted(text)).")
        }
        return number
    }
}

extension [String: String] {
    /// A variable set to nothing counts as not set.
    func nonEmpty(_ name: String) -> String? { self[name].flatMap { $0.isEmpty ? nil : $0 } }
}

/// The services that are spoken to; the raw value is the signing name and the host's first label.
package enum AWSService: String, Sendable, CaseIterable {
    case batch
    case cloudformation
    case logs
    case s3
    case sts
}

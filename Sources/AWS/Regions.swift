/// What is known of AWS's Regions by name alone.
package enum AWSRegion {
    /// `aws`, `aws-cn`, `aws-us-gov` and the isolated ones, as ARNs name them; nil for what is not a known Region.
    package static func partition(of region: String) -> String? {
        switch Regions.domain(of: region) {
        case nil: nil
        case "amazonaws.com"?: region.hasPrefix("us-gov-") ? "aws-us-gov" : "aws"
        case "amazonaws.com.cn"?: "aws-cn"
        case "c2s.ic.gov"?: "aws-iso"
        case "sc2s.sgov.gov"?: "aws-iso-b"
        case "cloud.adc-e.uk"?: "aws-iso-e"
        default: "aws-iso-f"
        }
    }
}

/// AWS's Regions and the domains that their hosts lie in, from botocore 1.43.11's partitions. A Region opened later is
/// reached through the settings file (`aws.endpoint.REGION`) until it stands here.
enum Regions {
    /// Nil for what is not a known Region's name (trust.md S38).
    static func domain(of region: String) -> String? {
        partitions.first { $0.regions.contains(region) }?.domain
    }

    /// `\A[a-z]{2}(-[a-z]+)+-[0-9]+\z` in ASCII: letters, hyphens and digits that cannot leave a host's label.
    static func isWellFormed(_ region: String) -> Bool {
        let parts = region.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count >= 3, region.utf8.count <= 32, let first = parts.first, let last = parts.last else {
            return false
        }
        let isLetter = { (byte: UInt8) in (0x61...0x7A).contains(byte) }
        return first.count == 2 && parts.dropLast().allSatisfy { !$0.isEmpty && $0.allSatisfy(isLetter) }
            && !last.isEmpty && last.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static let partitions: [(domain: String, regions: Set<String>)] = [
        (
            "amazonaws.com",
            [
                "af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3",
                "ap-south-1", "ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4",
                "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ca-central-1", "ca-west-1", "eu-central-1",
                "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3",
                "il-central-1", "me-central-1", "me-south-1", "mx-central-1", "sa-east-1", "us-east-1", "us-east-2",
                "us-west-1", "us-west-2", "us-gov-east-1", "us-gov-west-1",
            ]
        ),
        ("amazonaws.com.cn", ["cn-north-1", "cn-northwest-1"]),
        ("c2s.ic.gov", ["us-iso-east-1", "us-iso-west-1"]),
        ("sc2s.sgov.gov", ["us-isob-east-1", "us-isob-west-1"]),
        ("cloud.adc-e.uk", ["eu-isoe-west-1"]),
        ("csp.hci.ic.gov", ["us-isof-east-1", "us-isof-south-1"]),
    ]
}

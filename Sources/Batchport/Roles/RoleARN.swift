/// The ARN of an IAM role: `arn:aws:iam::123456789012:role/batchport-portal`.
struct RoleARN: Equatable, Sendable {
    let text: String
    let partition: String
    let account: String

    struct Fault: Error {
        let sentence: String
    }

    /// Says which part is missing or malformed.
    init(_ text: String) throws(Fault) {
        func require(_ isGood: Bool, _ sentence: String) throws(Fault) {
            if !isGood { throw Fault(sentence: sentence) }
        }
        let form = "arn:aws:iam::ACCOUNT:role/NAME"
        try require(!text.isEmpty, "The role is missing: it is named by its ARN, \(form).")
        try require(text.utf8.count <= 2048, "The role's ARN has more than 2,048 characters.")
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        try require(parts.count == 6 && parts[0] == "arn", "The role's ARN must have the form \(form).")
        (self.text, partition, account) = (text, parts[1], parts[4])
        let isPartition = ["aws", "aws-cn", "aws-us-gov"].contains(partition) || partition.hasPrefix("aws-iso")
        try require(isPartition, "The role's ARN names no partition of AWS's.")
        try require(
            parts[2] == "iam", "The role's ARN must be of the service iam: a session's, of sts, is not the role's own.")
        try require(parts[3].isEmpty, "The role's ARN names a region, and roles have none.")
        try require(BatchARN.isAccount(account), "The role's ARN must name an account of 12 digits.")
        let path = parts[5].split(separator: "/", omittingEmptySubsequences: false)
        try require(path.first == "role" && path.count >= 2, "The ARN must be of a role: \(form).")
        try require(
            path.dropFirst().allSatisfy { !$0.isEmpty && $0.utf8.count <= 512 && $0.utf8.allSatisfy(Self.isNameByte) },
            "The role's name and path may hold letters, digits and _ + = , . @ - only.")
        try require(path.last.map { $0.utf8.count <= 64 } == true, "A role's name has at most 64 characters.")
    }

    /// What is wrong with asking a region for it. One whose name says nothing may belong to any partition.
    func fault(in region: String) -> String? {
        guard let other = RegionName.partition(of: region), other != partition else { return nil }
        return
            "The role is of the partition \(partition), the region \(region) of \(other): no region assumes another partition's roles."
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
            || "_+=,.@-".utf8.contains(byte)
    }
}

/// The ARN of a job definition or a job queue: `arn:aws:batch:eu-central-1:123456789012:job-definition/align:3`.
struct BatchARN: Equatable {
    enum Kind: String {
        case jobDefinition = "job-definition"
        case jobQueue = "job-queue"

        var word: String { self == .jobDefinition ? "job definition" : "job queue" }
    }

    let partition: String
    let region: String
    let account: String
    let name: String
    /// Of a job definition that is pinned to one.
    let revision: Int?

    struct Fault: Error {
        let sentence: String
    }

    /// Says which part is missing or malformed.
    /// - Parameter isKnown: the region needs not be one of AWS's that the program knows.
    init(_ text: String, _ kind: Kind, isKnown: Bool) throws(Fault) {
        let example = "arn:aws:batch:REGION:ACCOUNT:\(kind.rawValue)/NAME"
        func require(_ isGood: Bool, _ sentence: String) throws(Fault) {
            if !isGood { throw Fault(sentence: "The \(kind.word)'s ARN \(sentence)") }
        }
        if text.isEmpty { throw Fault(sentence: "The \(kind.word) is missing: it is named by its ARN, \(example).") }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        try require(parts.first == "arn" && parts.count >= 6, "must have the form \(example).")
        (partition, region, account) = (parts[1], parts[3], parts[4])
        try require(parts[2] == "batch", "must be of the service batch.")
        try require(RegionName.isWellFormed(region), "names no region.")
        let own = RegionName.partition(of: region)
        try require(isKnown || own != nil, "names the region \(region), which is not known here.")
        if let own { try require(own == partition, "is of the partition \(partition), its region of \(own).") }
        try require(
            ["aws", "aws-cn", "aws-us-gov"].contains(partition) || partition.hasPrefix("aws-iso"),
            "names no partition of AWS's.")
        try require(Self.isAccount(account), "must name an account of 12 digits.")
        let place = parts[5].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        try require(place.count == 2 && place[0] == kind.rawValue, "must be of a \(kind.word): \(kind.rawValue)/NAME.")
        name = place[1]
        try require(Self.isName(name), "must name it by 1 to 128 letters, digits, hyphens and underscores.")
        let isRevisable = kind == .jobDefinition
        try require(parts.count == 6 || (isRevisable && parts.count == 7), "has more parts than it may have.")
        revision = parts.count == 7 ? Self.positive(parts[6]) : nil
        try require(parts.count == 6 || revision != nil, "must have a whole number as its revision.")
    }

    static func isAccount(_ text: String) -> Bool {
        text.utf8.count == 12 && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func isName(_ text: String) -> Bool {
        guard (1...128).contains(text.utf8.count), text.utf8.first.map(isLetter) == true else { return false }
        return text.utf8.allSatisfy { isLetter($0) || "-_".utf8.contains($0) }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
    }

    private static func positive(_ text: String) -> Int? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int32(text).flatMap { $0 > 0 ? Int($0) : nil }
    }
}

/// S3's rules for a general purpose bucket's name, and ours for what stands in front of every key.
enum BucketName {
    static func fault(in name: String) -> String? {
        if name.isEmpty { return "The bucket is missing." }
        if name.hasPrefix("arn:") { return "The bucket must be given by its name, not by its ARN." }
        if name.contains("/") { return "The bucket must be its name alone; folders belong into the prefix." }
        guard (3...63).contains(name.utf8.count), name.utf8.allSatisfy({ isLetter($0) || ".-".utf8.contains($0) })
        else { return "The bucket's name must have 3 to 63 small letters, digits, dots and hyphens." }
        guard name.utf8.first.map(isLetter) == true, name.utf8.last.map(isLetter) == true, !name.contains("..") else {
            return "The bucket's name must begin and end with a letter or digit, and have no two dots together."
        }
        let parts = name.split(separator: ".")
        if parts.count == 4, parts.allSatisfy({ Int($0) != nil }) {
            return "The bucket's name may not look like an IP address."
        }
        if let part = keptStarts.first(where: name.hasPrefix) ?? keptEnds.first(where: name.hasSuffix) {
            return "S3 keeps names with \(part) for itself."
        }
        return nil
    }

    static func isPrefix(_ prefix: String) -> Bool {
        if prefix.isEmpty { return true }
        guard prefix.hasSuffix("/"), prefix.utf8.count <= 256 else { return false }
        return prefix.dropLast().split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty && part != "." && part != ".."
                && part.utf8.allSatisfy { isLetter($0) || (0x41...0x5A).contains($0) || "._-".utf8.contains($0) }
        }
    }

    private static let keptStarts = ["xn--", "sthree-", "amzn-s3-demo-"]
    private static let keptEnds = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"]

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
    }
}

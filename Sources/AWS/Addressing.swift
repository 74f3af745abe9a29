/// Where a call goes: scheme, host as the `Host` header says it, and path as on the wire.
struct Address {
    let scheme: String
    let host: String
    let path: String
}

extension AWSEndpoints {
    func address(of call: Call, _ region: String) throws(AWSError) -> Address {
        guard let base = base(call.service, region) else {
            throw call.failure(
                "UnknownRegion", "\u{201C}\(region.prefix(40))\u{201D} is not a Region that is known here.")
        }
        guard let bucket = call.bucket else { return Address(scheme: base.scheme, host: base.host, path: call.path) }
        guard Self.isBucketName(bucket) else {
            throw call.failure("InvalidBucketName", "\u{201C}\(bucket.prefix(80))\u{201D} is not a bucket's name.")
        }
        // A dot in a bucket's name would not match the certificate's wildcard.
        if base.isOverridden || bucket.contains(".") {
            return Address(scheme: base.scheme, host: base.host, path: "/\(bucket)\(call.path)")
        }
        return Address(scheme: base.scheme, host: "\(bucket).\(base.host)", path: call.path)
    }

    /// S3's rule for general purpose buckets: 3 to 63 of a-z, 0-9, `.` and `-`, letters or digits at both ends.
    package static func isBucketName(_ name: String) -> Bool {
        let units = Array(name.utf8)
        guard (3...63).contains(units.count), let first = units.first, let last = units.last else { return false }
        let isAlphanumeric = { (unit: UInt8) in (0x30...0x39).contains(unit) || (0x61...0x7A).contains(unit) }
        return isAlphanumeric(first) && isAlphanumeric(last) && !name.contains("..")
            && units.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }
}

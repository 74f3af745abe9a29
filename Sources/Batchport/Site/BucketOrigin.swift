import FoundationEssentials

extension Site {
    /// Where a browser meets a bucket: what `img-src` and `form-action` must allow on the page that needs it, and nowhere
    /// else. Nothing for names that could not be a bucket's or region's.
    func bucketOrigins(_ bucket: String, region: String) -> [String] {
        if let base = endpoints[region + ".s3"] ?? endpoints[region] {
            return Self.origin(of: base).map { [$0] } ?? []
        }
        guard Self.isPlain(bucket), RegionName.isWellFormed(region) else { return [] }
        let host = "s3.\(region).amazonaws.com" + (region.hasPrefix("cn-") ? ".cn" : "")
        return ["https://\(bucket).\(host)", "https://\(host)"]
    }

    private static func origin(of url: String) -> String? {
        guard let scheme = url.firstRange(of: "://") else { return nil }
        let host = url[scheme.upperBound...].prefix { $0 != "/" }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x3B && $0 != 0x2C }) else {
            return nil
        }
        return String(url[..<scheme.upperBound] + host)
    }

    private static func isPlain(_ bucket: String) -> Bool {
        (3...63).contains(bucket.utf8.count)
            && bucket.utf8.allSatisfy { byte in
                switch byte {
                case 0x61...0x7A, 0x30...0x39, 0x2D, 0x2E: true
                default: false
                }
            }
    }
}

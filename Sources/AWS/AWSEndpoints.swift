package import HTTPClient

/// Where each Region's services are. AWS's own hosts, unless the settings file says otherwise.
package struct AWSEndpoints: Sendable {
    /// `https://s3.eu-central-1.amazonaws.com` in its parts.
    package struct Base: Sendable, Equatable {
        package let scheme: String
        /// In lower case, with its port where the URL names one other than the scheme's own: as the `Host` header says.
        package let host: String
        /// From the settings file: S3 buckets are then in the path.
        package let isOverridden: Bool
    }

    /// A setting that is not an endpoint, in words.
    package struct Problem: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    private let overrides: [String: Base]

    /// Keys `REGION` or `REGION.SERVICE` (batch, cloudformation, logs, s3, sts), values `http[s]://HOST[:PORT]`.
    package init(overrides: [String: String]) throws(Problem) {
        var bases: [String: Base] = [:]
        for (key, url) in overrides {
            try Self.check(key: key)
            bases[key] = try Self.base(url, key)
        }
        self.overrides = bases
    }

    /// AWS's own hosts only.
    package init() { overrides = [:] }

    /// Whether the settings file names an endpoint of the Region.
    package func isOverridden(_ region: String) -> Bool {
        overrides.keys.contains { $0 == region || $0.hasPrefix(region + ".") }
    }

    /// A Region that calls can be made in: well-formed, and known or named in the settings file (trust.md S38).
    package func isKnown(_ region: String) -> Bool {
        Regions.isWellFormed(region) && (Regions.domain(of: region) != nil || isOverridden(region))
    }

    /// The Regions that the settings file names, sorted.
    package var overriddenRegions: [String] {
        Set(overrides.keys.map { String($0.prefix { $0 != "." }) }).sorted()
    }

    /// Nil for a Region that is not known.
    package func base(_ service: AWSService, _ region: String) -> Base? {
        guard Regions.isWellFormed(region) else { return nil }
        if let own = overrides["\(region).\(service.rawValue)"] ?? overrides[region] { return own }
        guard let domain = Regions.domain(of: region) else { return nil }
        return Base(scheme: "https", host: "\(service.rawValue).\(region).\(domain)", isOverridden: false)
    }

    /// For `HTTPClient.Options.isAllowed`: AWS's hosts must be outside this machine and its link; those of the settings
    /// file may be anywhere (trust.md S38-S41, as amended).
    package func mayReach(_ peer: HTTPClient.Peer) -> Bool {
        !peer.isInside || overrides.values.contains { $0.names(peer) }
    }

    /// For `HTTPClient.Options.directHosts`.
    package var overriddenHosts: [String] { Set(overrides.values.map(\.hostName)).sorted() }
}

extension AWSEndpoints {
    private static func check(key: String) throws(Problem) {
        let parts = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let isRight =
            parts.count <= 2 && parts.first.map(Regions.isWellFormed) == true
            && (parts.count == 1 || AWSService(rawValue: parts[1]) != nil)
        if !isRight {
            let services = AWSService.allCases.map(\.rawValue).joined(separator: ", ")
            throw Problem(description: "\u{201C}\(key)\u{201D} is not a Region, or a Region and one of \(services).")
        }
    }

    private static func base(_ url: String, _ key: String) throws(Problem) -> Base {
        let lower = url.lowercased()
        for scheme in ["http", "https"] where lower.hasPrefix(scheme + "://") {
            var host = String(lower.dropFirst(scheme.utf8.count + 3))
            if host.hasSuffix("/") { host.removeLast() }
            let ownPort = scheme == "http" ? ":80" : ":443"
            if host.hasSuffix(ownPort) { host.removeLast(ownPort.utf8.count) }
            let base = Base(scheme: scheme, host: host, isOverridden: true)
            if !base.hostName.isEmpty, base.port != nil, host.utf8.allSatisfy(isHostByte) { return base }
        }
        throw Problem(description: "The endpoint of \(key) must be http[s]://HOST[:PORT], without a path.")
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || ".-:[]_".utf8.contains(byte)
    }
}

extension AWSEndpoints.Base {
    var hostName: String {
        host.hasPrefix("[") ? String(host.dropFirst().prefix { $0 != "]" }) : String(host.prefix { $0 != ":" })
    }

    var port: Int? {
        let rest = host.hasPrefix("[") ? host.drop { $0 != "]" }.dropFirst() : host.drop { $0 != ":" }
        if rest.isEmpty { return scheme == "http" ? 80 : 443 }
        return rest.first == ":" ? Int(rest.dropFirst()).flatMap { (1...65535).contains($0) ? $0 : nil } : nil
    }

    fileprivate func names(_ peer: HTTPClient.Peer) -> Bool { hostName == peer.host && port == peer.port }
}

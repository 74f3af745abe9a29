extension HTTPClient {
    package struct Options: Sendable {
        /// For example `http://proxy.example:3128`; nil for none, whatever the environment says.
        package var proxy: String?
        /// Hosts that are reached without the proxy.
        package var directHosts: [String]
        /// Certificates in PEM instead of the system's.
        package var caFile: String?
        /// Asked after the name's resolution and before each connect. Not asked when a proxy connects for us.
        package var isAllowed: @Sendable (Peer) -> Bool

        package init(
            proxy: String? = nil, directHosts: [String] = [], caFile: String? = nil,
            isAllowed: @escaping @Sendable (Peer) -> Bool = { !$0.isInside }
        ) {
            self.proxy = proxy
            self.directHosts = directHosts
            self.caFile = caFile
            self.isAllowed = isAllowed
        }
    }

    /// Whom a connection would reach.
    package struct Peer: Sendable, Equatable {
        /// As the URL names it, in lower case, an IPv6 address without its brackets.
        package let host: String
        package let port: Int
        /// 4 or 16 bytes in network order; an IPv4 address inside an IPv6 one counts as the former.
        package let address: [UInt8]

        package init(host: String, port: Int, address: [UInt8]) {
            self.host = host
            self.port = port
            self.address = Self.plain(address)
        }
    }
}

extension HTTPClient.Peer {
    /// This machine itself, its link (where clouds keep their metadata services), or no one host: unspecified,
    /// loopback, link-local, AWS's fd00:ec2::/32, multicast, reserved.
    package var isInside: Bool {
        switch address.count {
        case 4:
            address[0] == 0 || address[0] == 127 || address[0] >= 224 || (address[0] == 169 && address[1] == 254)
        case 16:
            address.dropLast().allSatisfy { $0 == 0 } || address[0] == 0xFF
                || (address[0] == 0xFE && address[1] & 0xC0 == 0x80)
                || address.starts(with: [0xFD, 0x00, 0x0E, 0xC2])
        default: true
        }
    }

    /// Addresses of private networks (RFC 1918, RFC 6598, RFC 4193): where VPC endpoints are, and no stranger's server.
    package var isPrivate: Bool {
        switch address.count {
        case 4:
            address[0] == 10 || (address[0] == 172 && address[1] & 0xF0 == 16)
                || (address[0] == 192 && address[1] == 168) || (address[0] == 100 && address[1] & 0xC0 == 64)
        default: address.first.map { $0 & 0xFE == 0xFC } ?? false
        }
    }

    /// Mapped (::ffff:0:0/96), compatible (::/96), translated (64:ff9b::/96) and 6to4 (2002::/16) addresses reach the
    /// IPv4 address they hold.
    private static func plain(_ address: [UInt8]) -> [UInt8] {
        guard address.count == 16 else { return address }
        let zeros = [UInt8](repeating: 0, count: 12)
        let mapped = zeros.prefix(10) + [0xFF, 0xFF]
        let translated = [0x00, 0x64, 0xFF, 0x9B] + zeros.prefix(8)
        let head = Array(address.prefix(12))
        if head == Array(mapped) || head == translated { return Array(address.suffix(4)) }
        if head == zeros, address[12...13] != [0, 0] { return Array(address.suffix(4)) }
        if address.starts(with: [0x20, 0x02]) { return Array(address[2..<6]) }
        return address
    }
}

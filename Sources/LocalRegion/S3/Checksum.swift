import Cryptography

/// The checksums that S3 carries in `x-amz-checksum-…` and that are kept and compared here.
enum ChecksumKind: String, Sendable, CaseIterable {
    case crc32, crc32c, crc64nvme, sha1, sha256

    /// As S3 names it, in either case.
    init?(name: String) { self.init(rawValue: name.lowercased()) }

    var header: String { "x-amz-checksum-\(rawValue)" }
    /// In S3's documents.
    var element: StaticString {
        switch self {
        case .crc32: "ChecksumCRC32"
        case .crc32c: "ChecksumCRC32C"
        case .crc64nvme: "ChecksumCRC64NVME"
        case .sha1: "ChecksumSHA1"
        case .sha256: "ChecksumSHA256"
        }
    }
    /// Nil for what is no CRC.
    fileprivate var parameters: CRC.Parameters? {
        switch self {
        case .crc32: .crc32
        case .crc32c: .crc32c
        case .crc64nvme: .crc64nvme
        case .sha1, .sha256: nil
        }
    }
    /// As S3 writes it in `x-amz-sdk-checksum-algorithm`.
    var name: String { rawValue.uppercased() }
}

/// A checksum of bytes that come piece by piece.
struct Checksum: ~Copyable {
    let kind: ChecksumKind
    private var crc: CRC?
    private var sha1: SHA1Hasher?
    private var sha256: SHA256Hasher?

    init(_ kind: ChecksumKind) {
        self.kind = kind
        crc = kind.parameters.map { CRC($0) }
        sha1 = kind == .sha1 ? SHA1Hasher() : nil
        sha256 = kind == .sha256 ? SHA256Hasher() : nil
    }

    mutating func update(_ bytes: [UInt8]) {
        crc?.update(bytes)
        sha1?.update(bytes)
        sha256?.update(bytes)
    }

    /// As in the header, before base64.
    mutating func finish() -> [UInt8] { crc?.bytes ?? sha1?.finish() ?? sha256?.finish() ?? [] }
}

/// A reflected cyclic redundancy check of up to 64 bits, all ones before and inverted after.
struct CRC: Sendable {
    struct Parameters: Sendable {
        let width: Int
        let table: [UInt64]

        init(width: Int, reflected polynomial: UInt64) {
            self.width = width
            table = (0..<256).map { index in
                (0..<8).reduce(UInt64(index)) { sum, _ in sum & 1 == 1 ? polynomial ^ (sum >> 1) : sum >> 1 }
            }
        }

        static let crc32 = Parameters(width: 32, reflected: 0xEDB8_8320)
        static let crc32c = Parameters(width: 32, reflected: 0x82F6_3B78)
        static let crc64nvme = Parameters(width: 64, reflected: 0x9A6C_9329_AC4B_C9B5)
    }

    private let parameters: Parameters
    private var sum: UInt64

    init(_ parameters: Parameters) {
        self.parameters = parameters
        sum = UInt64.max >> UInt64(64 - parameters.width)
    }

    mutating func update(_ bytes: [UInt8]) {
        let table = parameters.table
        var sum = sum
        for byte in bytes { sum = sum >> 8 ^ table[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] }
        self.sum = sum
    }

    /// Big-endian.
    var bytes: [UInt8] {
        stride(from: parameters.width - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: ~sum >> UInt64($0)) }
    }
}

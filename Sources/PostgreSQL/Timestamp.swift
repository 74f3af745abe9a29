/// A `timestamptz`, to the millisecond, as milliseconds since 1970.
package struct Timestamp: Hashable, Sendable {
    package var milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// PostgreSQL counts from 2000-01-01 UTC, in microseconds.
    private static let epoch: Int64 = 946_684_800_000
}

extension Timestamp: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .timestamptz }

    package func encode(into bytes: inout [UInt8]) {
        let (microseconds, overflow) = (milliseconds - Self.epoch).multipliedReportingOverflow(by: 1000)
        bytes.appendBigEndian(overflow ? (milliseconds < 0 ? Int64.min : Int64.max) : microseconds)
    }

    /// Rounds down to the millisecond; `infinity` is no time and therefore an error.
    package static func decode(_ bytes: Span<UInt8>, type: PostgresType) -> Timestamp? {
        guard type == .timestamptz, bytes.count == 8 else { return nil }
        let microseconds = Int64(bitPattern: bytes.bigEndian(at: 0, count: 8))
        guard microseconds != .max, microseconds != .min else { return nil }
        return Timestamp(milliseconds: (microseconds >> 3).floorDivided(by: 125) + epoch)
    }
}

extension Int64 {
    fileprivate func floorDivided(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}

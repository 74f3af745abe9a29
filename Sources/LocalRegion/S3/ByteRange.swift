/// `Range: bytes=…` (RFC 9110 §14.2), one range only: several are ignored, as S3 does.
enum ByteRange: Equatable {
    /// All of it: there was no range, or none that can be read.
    case whole
    /// First and last byte, inclusive.
    case part(ClosedRange<Int>)
    case unsatisfiable

    init(_ header: String?, size: Int) {
        guard let header, header.hasPrefix("bytes="), let bounds = Self.bounds(header.dropFirst(6)) else {
            self = .whole
            return
        }
        switch bounds {
        case (let first?, let last) where first <= last ?? .max:
            self = first < size ? .part(first...min(last ?? .max, size - 1)) : .unsatisfiable
        case (nil, let count?): self = count > 0 && size > 0 ? .part(max(0, size - count)...size - 1) : .unsatisfiable
        default: self = .whole
        }
    }

    private static func bounds(_ text: Substring) -> (Int?, Int?)? {
        let halves = text.split(separator: "-", omittingEmptySubsequences: false)
        guard halves.count == 2, let first = number(halves[0]), let last = number(halves[1]) else { return nil }
        return (first, last)
    }

    /// Nil for what is no number, a nil inside for nothing at all; more digits than fit are as good as the largest.
    private static func number(_ text: Substring) -> Int?? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return text.isEmpty ? .some(nil) : .some(Int(text) ?? .max)
    }
}

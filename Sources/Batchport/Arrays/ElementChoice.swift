/// Some of a list's elements: a bit each, least bit first.
struct ElementChoice: Equatable {
    private(set) var bytes: [UInt8]
    let elements: Int

    /// None of so many.
    init(of elements: Int) {
        self.elements = elements
        bytes = Array(repeating: 0, count: (elements + 7) / 8)
    }

    /// As `uploads.chosen` has it.
    init(bytes: [UInt8]) {
        self.bytes = bytes
        elements = bytes.count * 8
    }

    var count: Int { bytes.reduce(0) { $0 + $1.nonzeroBitCount } }

    subscript(_ element: Int) -> Bool {
        get { element / 8 < bytes.count && bytes[element / 8] >> UInt8(element % 8) & 1 == 1 }
        set {
            let bit: UInt8 = 1 << UInt8(element % 8)
            bytes[element / 8] = newValue ? bytes[element / 8] | bit : bytes[element / 8] & ~bit
        }
    }
}

internal import CPostgreSQL

/// The values of a statement, encoded one after another in a single buffer, so that the pointers libpq wants exist
/// only inside one scope (`withParameters`).
struct Binds: Sendable {
    private(set) var types: [PostgresType] = []
    /// Set when a text value holds a NUL, which PostgreSQL cannot store and libpq would take for the value's end.
    var containNUL = false
    private var arena: [UInt8] = []
    private var slots: [Slot] = []

    private struct Slot {
        var offset: Int
        /// Negative for NULL.
        var length: Int
        var format: PostgresFormat
    }

    var count: Int { slots.count }

    mutating func append<Value: PostgresEncodable>(_ value: Value?) {
        types.append(Value.postgresType)
        let offset = arena.count
        guard let value else {
            slots.append(Slot(offset: 0, length: -1, format: Value.postgresFormat))
            return
        }
        value.encode(into: &arena)
        if Value.postgresFormat == .text {
            if arena[offset...].contains(0) { containNUL = true }
            arena.append(0)
        }
        slots.append(Slot(offset: offset, length: arena.count - offset, format: Value.postgresFormat))
    }

    mutating func append(_ other: Binds) {
        let base = arena.count
        arena += other.arena
        types += other.types
        containNUL = containNUL || other.containNUL
        for slot in other.slots {
            slots.append(Slot(offset: slot.offset + base, length: slot.length, format: slot.format))
        }
    }

    func withParameters<Result>(_ body: (borrowing Parameters) -> Result) -> Result {
        unsafe arena.withUnsafeBytes { bytes in
            // An empty array has no base address, but an empty value still needs a pointer: nil would mean NULL.
            let start = unsafe bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)
            let values = unsafe slots.map { slot -> UnsafePointer<CChar>? in
                guard slot.length >= 0 else { return nil }
                return unsafe start?.advanced(by: slot.offset).assumingMemoryBound(to: CChar.self)
            }
            return unsafe body(
                Parameters(
                    values: values, lengths: slots.map { Int32($0.length) }, formats: slots.map(\.format.rawValue)))
        }
    }

    @safe struct Parameters: ~Copyable {
        let values: [UnsafePointer<CChar>?]
        let lengths: [Int32]
        let formats: [Int32]
    }
}

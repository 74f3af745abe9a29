import Cryptography
import Glibc
import Processes
import Testing

struct SecretBytesTests {
    /// What stands at an address of this process, read by way of the kernel: right also where nothing is allocated now.
    private static func memory(at address: UInt, count: Int) throws -> [UInt8] {
        let file = try Descriptor.reading("/proc/self/mem")
        try #require(lseek(file.number, off_t(address), SEEK_SET) >= 0)
        return try file.read(max: count)
    }

    private static let canary = (0..<4096).map { UInt8(truncatingIfNeeded: $0 * 7 + 1) }

    @Test func nothingIsLeftInMemory() throws {
        func keep() throws -> UInt {
            let secret = SecretBytes(Self.canary.map { $0 ^ 0x5A })
            let address = secret.withBytes { bytes in
                unsafe bytes.withUnsafeBytes { buffer in UInt(bitPattern: buffer.baseAddress) }
            }
            // The control: there it is, as long as its owner has it.
            #expect(try Self.memory(at: address, count: 4096).map { $0 ^ 0x5A } == Self.canary)
            return address
        }
        let left = try Self.memory(at: try keep(), count: 4096)
        let same = zip(left, Self.canary).count { $0 ^ 0x5A == $1 }
        #expect(same < 64)
    }

    @Test func wiping() {
        var bytes: [UInt8] = [1, 2, 3]
        let copy = bytes
        wipe(&bytes)
        #expect(bytes == [0, 0, 0])
        #expect(copy == [1, 2, 3])
    }
}

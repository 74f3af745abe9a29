/// Fargate's vCPU counts and the memory that goes with each (RegisterJobDefinition, "resourceRequirements").
package enum Fargate {
    /// Memory for one vCPU count, MiB.
    package struct Memory: Sendable, Equatable {
        package let least: Int
        package let most: Int
        package let step: Int

        /// The smallest that is taken and not below `mib`; nil above the most.
        package func next(atLeast mib: Int) -> Int? {
            if mib <= least { return least }
            let steps = (mib - least + step - 1) / step
            // 0.25 vCPU has 512, 1,024 and 2,048.
            let value = least == 512 && steps == 2 ? 2048 : least + steps * step
            return value <= most ? value : nil
        }
    }

    /// The whole vCPU counts that can be asked for.
    package static let vcpuCounts = [1, 2, 4, 8, 16]

    /// - Parameter vcpus: as AWS writes it, `0.25` to `16`.
    package static func memory(vcpus: String) -> Memory? {
        switch Double(vcpus) {
        case 0.25?: Memory(least: 512, most: 2048, step: 512)
        case 0.5?: Memory(least: 1024, most: 4096, step: 1024)
        case 1?: Memory(least: 2048, most: 8192, step: 1024)
        case 2?: Memory(least: 4096, most: 16384, step: 1024)
        case 4?: Memory(least: 8192, most: 30720, step: 1024)
        case 8?: Memory(least: 16384, most: 61440, step: 4096)
        case 16?: Memory(least: 32768, most: 122_880, step: 8192)
        default: nil
        }
    }
}

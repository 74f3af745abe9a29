import Glibc

/// What a program has freed. Overwritten, a secret that has passed through is not left behind (trust.md S31).
package enum FreedMemory {
    /// glibc's: freed pieces are overwritten with this octet, and no thread keeps pieces for itself, which would be
    /// overwritten only once they are used again.
    static let tunables = "glibc.malloc.perturb=165:glibc.malloc.tcache_count=0"

    /// Overwrites whatever is freed. glibc reads its tunables once, as a program starts: so this program starts again in
    /// its own place, with the arguments, environment, descriptors and process id that it has. Call first thing; in a
    /// program that was started so it does nothing.
    package static func wipe() throws(ProcessError) {
        let name = "GLIBC_TUNABLES"
        let others = unsafe getenv(name).map { unsafe String(cString: $0) } ?? ""
        guard !others.contains(tunables) else { return }
        unsafe setenv(name, others.isEmpty ? tunables : "\(others):\(tunables)", 1)
        var arguments = unsafe CommandLine.arguments.map { unsafe strdup($0) } + [nil]
        // By its path where it still has one: its name is what other programs see.
        if let path = unsafe realpath("/proc/self/exe", nil) { unsafe execv(path, &arguments) }
        unsafe execv("/proc/self/exe", &arguments)
        throw ProcessError("start again", CommandLine.arguments.first ?? "")
    }
}

internal import JobManifest

/// The variables that the code sees: the container's own, the manifest's over them, Batchport's over those, and
/// defaults for what nobody has set.
///
/// | variable | |
/// |---|---|
/// | `BATCHPORT_JOB` | the JobUUID |
/// | `BATCHPORT_ATTEMPT` | from 1 |
/// | `BATCHPORT_RESULT` | the file to write the result to, as JSON |
/// | `BATCHPORT_OUTPUT` | the folder whose files are uploaded: `output` in the working directory |
/// | `BATCHPORT_VCPUS` | the job's vCPU count, if the manifest says |
/// | `BATCHPORT_CHILD`, `BATCHPORT_WORKERS` | an array's: which child this is, from 0, and how many processes call the function |
/// | `OMP_NUM_THREADS` and the like | the vCPU count, for each of several workers its share, unless set |
/// | `PYTHONUNBUFFERED` | 1 for python, unless set |
enum CodeEnvironment {
    static func make(
        _ manifest: JobManifest, child: Int?, attempt: Int, _ folder: WorkingDirectory, container: [String: String]
    ) -> [String: String] {
        var variables = withoutLauncher(container).merging(manifest.environment) { $1 }
        variables["BATCHPORT_JOB"] = manifest.job
        variables["BATCHPORT_ATTEMPT"] = String(attempt)
        variables["BATCHPORT_RESULT"] = folder.result
        variables["BATCHPORT_OUTPUT"] = folder.output
        variables["BATCHPORT_VCPUS"] = manifest.vcpus.map { String($0) }
        variables["BATCHPORT_CHILD"] = child.map { String($0) }
        variables["BATCHPORT_WORKERS"] = manifest.array == nil ? nil : String(manifest.workers)
        return variables.merging(defaults(manifest)) { set, _ in set }
    }

    private static func defaults(_ manifest: JobManifest) -> [String: String] {
        var defaults = ["PATH": Program.usualPath]
        let threads = manifest.vcpus.map { manifest.array == nil ? $0 : max(1, $0 / manifest.workers) }
        for name in threadCounts { defaults[name] = threads.map { String($0) } }
        if manifest.code.language == .python { defaults["PYTHONUNBUFFERED"] = "1" }
        return defaults
    }

    private static let threadCounts = [
        "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "BLIS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS", "JULIA_NUM_THREADS", "RAYON_NUM_THREADS", "NUMBA_NUM_THREADS",
    ]

    /// Gives back what the launcher set aside, and takes out what it set for the runner alone.
    private static func withoutLauncher(_ container: [String: String]) -> [String: String] {
        let kept = "BATCHPORT_KEPT_"
        var variables = container.filter { !$0.key.hasPrefix("BATCHPORT_") }
        if container["BATCHPORT_BUNDLE"] != nil { variables["OPENSSL_CONF"] = nil }
        for (name, value) in container where name.hasPrefix(kept) {
            variables[String(name.dropFirst(kept.count))] = value
        }
        return variables
    }
}

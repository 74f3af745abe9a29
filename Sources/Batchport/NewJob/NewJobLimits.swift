import HTML

/// An environment's limits as they are for the person at the form: all of them, before anything is sent.
struct NewJobLimits {
    let limits: BatchEnvironment.Limits

    var content: HTML {
        """
        <dl class="rows small">
        \(row("Memory", Words.count(limits.memoryMiB) + " MiB", .memory))
        \(row("vCPUs", Words.count(limits.vcpus), .vcpuCount))\(row("GPUs", Words.count(limits.gpus), .gpuCount))
        \(row("Time, each attempt", limits.seconds.map { Words.count($0) + " s" } ?? "no limit", .timeConstraint))
        \(row("Children of an array", Words.count(limits.arraySize), .arraySize))
        \(row("Input file", Words.size(limits.uploadBytes), .uploadBytes))
        \(jobs("Jobs at once", limits.concurrentJobs, limits.concurrentJobsPerPerson, limits.own[.concurrentJobs]))
        \(jobs("Jobs in 24 hours", limits.jobsPerDay, limits.jobsPerDayPerPerson, limits.own[.jobsPerDay]))</dl>
        """
    }

    private func row(_ label: String, _ value: String, _ name: PersonLimits.Name) -> HTML {
        let own: HTML? = limits.own[name] == nil ? nil : " <span class=\"dim\">your own limit</span>"
        return "<div><dt>\(label)</dt><dd><b>\(value)</b>\(own)</dd></div>"
    }

    private func jobs(_ label: String, _ all: Int?, _ person: Int?, _ own: Int?) -> HTML {
        let parts = [
            all.map { "\(Words.count($0)) of everyone here" }, person.map { "\(Words.count($0)) of each person here" },
            own.map { "\(Words.count($0)) of yours anywhere" },
        ]
        let said = parts.compactMap(\.self).joined(separator: ", ")
        return "<div><dt>\(label)</dt><dd>\(said.isEmpty ? "no limit" : said)</dd></div>"
    }
}

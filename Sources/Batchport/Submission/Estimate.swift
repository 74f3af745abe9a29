import FoundationEssentials
import HTML
import JSON

/// What a job can take at most of vCPUs, memory and GPUs by what is asked for, before it is sent: none of its attempts runs
/// longer than the time limit. Without one there is no such bound.
struct Estimate {
    /// At AWS: an array's children, or one.
    let jobs: Int
    let seconds: Int?
    private let vcpus: Double
    private let memoryGiB: Double
    private let gpus: Double

    init(_ effective: EffectiveSettings, jobs: Int) {
        self.jobs = jobs
        seconds = effective.time.value
        vcpus = Double(effective.vcpuText) ?? Double(effective.vcpus.value)
        memoryGiB = Double(effective.memory.value) / 1024
        gpus = Double(effective.gpus.value)
    }

    var json: JSONValue {
        [
            "jobs": JSONValue(jobs), "seconds": JSONValue(seconds), "vcpuHours": JSONValue(atMost(vcpus)),
            "memoryGiBHours": JSONValue(atMost(memoryGiB)), "gpuHours": JSONValue(atMost(gpus)),
        ]
    }

    /// In hours, to three places.
    private func atMost(_ amount: Double) -> Double? {
        seconds.map { (amount * Double($0) * Double(jobs) / 3.6).rounded() / 1000 }
    }

    /// Beside the form.
    /// - Parameter isPerChild: how many children there will be is not known yet.
    func content(isPerChild: Bool) -> HTML {
        guard let vcpuHours = atMost(vcpus), let memoryHours = atMost(memoryGiB), let gpuHours = atMost(gpus) else {
            return "<h3>Estimate</h3><p class=\"small dim\">None: without a time limit nothing bounds it.</p>"
        }
        let gpu: HTML? = gpus > 0 ? "<div><dt>GPU-hours</dt><dd><b>\(Self.words(gpuHours))</b></dd></div>" : nil
        let each: HTML = isPerChild ? " of each child" : jobs > 1 ? " of \(Words.count(jobs)) children" : ""
        return """
            <h3>Estimate, at most</h3><dl class="rows small">
            <div><dt>vCPU-hours</dt><dd><b>\(Self.words(vcpuHours))</b></dd></div>
            <div><dt>GiB-hours of memory</dt><dd><b>\(Self.words(memoryHours))</b></dd></div>\(gpu)</dl>
            <p class="small dim">One attempt\(each), for all of its time limit.</p>
            """
    }

    private static func words(_ hours: Double) -> String {
        hours == hours.rounded() && hours < 1e15 ? Words.count(Int(hours)) : String(hours)
    }
}

extension EffectiveSettings {
    /// As the API shows it, by the names that a job's `providerSettings` have.
    var answer: JSONValue {
        let names = ["vcpus": "vcpuCount", "gpus": "gpuCount"]
        return .object((json.members ?? []).map { .init(names[$0.name] ?? $0.name, $0.value) })
    }
}

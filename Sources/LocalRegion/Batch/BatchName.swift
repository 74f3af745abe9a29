/// ARNs of Batch's things in one account of the local region.
struct BatchName {
    static let region = "us-local-1"
    /// All that there is.
    static let onlyAccount = "000000000000"
    let account: String

    private func arn(_ service: String, _ resource: String) -> String {
        "arn:aws:\(service):\(Self.region):\(account):\(resource)"
    }

    func job(_ id: String) -> String { arn("batch", "job/\(id)") }
    func queue(_ name: String) -> String { arn("batch", "job-queue/\(name)") }
    func definition(_ name: String, _ revision: Int) -> String { arn("batch", "job-definition/\(name):\(revision)") }
    /// All revisions together.
    func definitions(_ name: String) -> String { arn("batch", "job-definition/\(name)") }
    func environment(_ name: String) -> String { arn("batch", "compute-environment/\(name)") }
    var cluster: String { arn("ecs", "cluster/batchport-local") }
    func task(_ task: String) -> String { arn("ecs", "task/batchport-local/\(task)") }
    func instance(_ instance: String) -> String { arn("ecs", "container-instance/batchport-local/\(instance)") }

    /// The queue's name, from itself or its ARN.
    func queueName(_ text: String) -> String { String(strip(text, queue(""))) }

    /// A definition as callers name it: `name`, `name:revision`, or an ARN with or without the revision.
    func definitionName(_ text: String) -> (name: String, revision: Int?)? {
        let short = strip(text, arn("batch", "job-definition/"))
        let parts = short.split(separator: ":", omittingEmptySubsequences: false)
        switch parts.count {
        case 1: return (String(parts[0]), nil)
        case 2: return Int(parts[1]).map { (String(parts[0]), $0) }
        default: return nil
        }
    }

    private func strip(_ text: String, _ prefix: String) -> Substring {
        text.hasPrefix(prefix) ? text.dropFirst(prefix.count) : text[...]
    }

    /// AWS's rule for the names of jobs, queues and definitions.
    static func isValid(_ name: String) -> Bool {
        guard (1...128).contains(name.utf8.count), let first = name.utf8.first, isAlphanumeric(first) else {
            return false
        }
        return name.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
    }

    static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: false
        }
    }
}

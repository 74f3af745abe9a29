package import FoundationEssentials
import JSON
package import PostgreSQL
package import Vault

extension Administration {
    package static func add(
        _ entry: AccessKeyEntry, for email: String, vaultKey: VaultPublicKey, in database: inout Connection
    ) throws -> UUID {
        let problems = entry.problems()
        guard problems.isEmpty else { throw Refusal(problems) }
        let owner = try person(email, in: &database)
        return try unlessTaken("\(email) has a credential of the name \(entry.name) already.") {
            try entry.store(owner: owner, vaultKey: vaultKey, in: &database, from: .admin)
        }
    }

    /// An environment as a row of `environments`, and who may use it.
    package struct NewEnvironment {
        package enum Grant: Sendable, Equatable {
            case everyone
            case person(email: String)
        }

        /// A shared credential; without one, each person's own default one signs.
        package struct Shared: Sendable {
            package var owner: String
            package var name: String

            package init(owner: String, name: String) {
                self.owner = owner
                self.name = name
            }
        }

        package var name = ""
        package var about = ""
        package var region = ""
        package var account = ""
        package var bucket = ""
        package var prefix = ""
        package var jobDefinition = ""
        package var jobQueue = ""
        package var credential: Shared?
        package var languages: [String] = []
        package var mibPerVCPU = 0
        package var mibPerGPU = 0
        package var floorMiB = 0
        package var maxMemoryMiB = 0
        package var maxVCPUs = 0
        package var maxGPUs = 0
        package var maxSeconds: Int?
        package var inlineBytes = 0
        package var maxUploadBytes = 0
        package var isLocal = false
        package var grants: [Grant] = []

        package init() {}
    }

    /// With the task that checks it, in one transaction. Without a credential of its own there is nobody whose identity
    /// could sign for the check: it stays unchecked until somebody with a credential asks for it.
    package static func add(_ new: NewEnvironment, in database: inout Connection) throws -> UUID {
        let problems = new.problems
        guard problems.isEmpty else { throw Refusal(problems) }
        let credential = try new.credential.map { try find($0, in: &database) }
        let people = try new.grants.map { grant -> UUID? in
            switch grant {
            case .everyone: nil
            case .person(let email): try person(email, in: &database)
            }
        }
        let id = UUID()
        return try unlessTaken("There is an environment of the name \(new.name) already.") {
            try database.transaction { database in
                try database.execute(new.insertion(id: id, credential: credential))
                for person in people {
                    try database.execute(
                        "INSERT INTO environment_grants (environment, person) VALUES (\(id), \(person))")
                }
                try database.execute(Audit.entry(by: nil, "environment.added", on: "environment", id, from: .admin))
                if credential != nil {
                    try database.enqueue("checkEnvironment", ["environment": .string(id.lower)], for: id)
                }
                return id
            }
        }
    }

    private static func find(_ shared: NewEnvironment.Shared, in database: inout Connection) throws -> UUID {
        let owner = try person(shared.owner, in: &database)
        let found = try database.row(
            """
            SELECT id FROM credentials
            WHERE owner = \(owner) AND lower(name) = lower(\(shared.name)) AND deleted_at IS NULL
            """
        ) { try $0.uuid("id") }
        guard let found else { throw Refusal("\(shared.owner) has no credential of the name \(shared.name).") }
        return found
    }
}

extension Administration.NewEnvironment {
    fileprivate var problems: [Failure.Problem] {
        var problems: [Failure.Problem] = []
        func require(_ isGood: Bool, _ pointer: String, _ sentence: String) {
            if !isGood { problems.append(.init(pointer, "malformed", sentence)) }
        }
        func isOf(_ text: String, _ count: ClosedRange<Int>, _ more: String) -> Bool {
            count.contains(text.utf8.count)
                && text.utf8.allSatisfy {
                    (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || more.utf8.contains($0)
                }
        }
        require(
            isOf(name, 1...63, "-") && !name.hasPrefix("-"), "/name",
            "The name must have 1 to 63 small letters, digits and hyphens, and not begin with a hyphen.")
        require(RegionName.isWellFormed(region), "/region", "The region must be a name such as eu-central-1.")
        require(account.utf8.count == 12 && Int(account) != nil, "/account", "The account must have 12 digits.")
        require(
            isOf(bucket, 3...63, ".-"), "/ioBucket",
            "The bucket's name must have 3 to 63 small letters, digits, . and -.")
        require(
            prefix.isEmpty
                || prefix.hasSuffix("/") && isOf(prefix.lowercased(), 2...256, "._-/") && !prefix.contains("//"),
            "/prefix", "The prefix must be empty, or names of letters, digits, . _ and -, each with a / behind it.")
        require(!jobDefinition.isEmpty, "/jobDefinition", "The job definition must not be empty.")
        require(!jobQueue.isEmpty, "/jobQueue", "The job queue must not be empty.")
        let known = Language.allCases.map(\.rawValue)
        require(
            !languages.isEmpty && Set(languages).isSubset(of: known), "/languages",
            "Languages are some of " + known.joined(separator: ", ") + ".")
        require(floorMiB >= 4 && mibPerVCPU >= 0 && mibPerGPU >= 0, "/memory", "The least memory is 4 MiB.")
        require(maxMemoryMiB >= floorMiB, "/maxMemory", "The most memory must not be below the least.")
        require(maxVCPUs >= 1 && maxGPUs >= 0, "/maxVCPUs", "At least one vCPU must be allowed.")
        require(maxSeconds.map { $0 >= 60 } ?? true, "/maxSeconds", "Batch takes no time limit below 60 seconds.")
        require(!grants.isEmpty, "/grants", "Somebody must be allowed to use it.")
        return problems
    }

    fileprivate func insertion(id: UUID, credential: UUID?) -> SQL {
        """
        INSERT INTO environments (id, name, description, region, account, io_bucket, prefix, job_definition, job_queue,
            service_object, credential, languages, mib_per_vcpu, mib_per_gpu, floor_mib, max_memory_mib, max_vcpus,
            max_gpus, max_seconds, inline_bytes, max_upload_bytes, is_local)
        VALUES (\(id), \(name), \(about), \(region), \(account), \(bucket), \(prefix), \(jobDefinition), \(jobQueue),
            \(credential == nil ? "automatic" : "credential"), \(credential), \(languages), \(mibPerVCPU)::int,
            \(mibPerGPU)::int, \(floorMiB)::int, \(maxMemoryMiB)::int, \(maxVCPUs)::int, \(maxGPUs)::int,
            \(maxSeconds)::int, \(inlineBytes), \(maxUploadBytes), \(isLocal))
        """
    }
}

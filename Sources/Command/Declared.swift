import Settings

/// Every setting there is.
enum Declared {
    static let origin = Setting("origin", .origin)
    static let publicFolder = Setting("public.folder", .absolutePath)
    static let sqlFolder = Setting("sql.folder", .absolutePath)
    static let knownPasswords = Setting("known_passwords", .absolutePath)
    static let logLevel = Setting(
        "log.level", .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]), default: "info")

    static let webSocket = Setting("web.socket", .absolutePath)
    static let webProcesses = Setting("web.processes", .integer(1...64), default: 4)
    static let webThreads = Setting("web.threads", .integer(1...4), default: 4)
    static let webDatabase = Setting("web.database", .conninfo)
    static let trustRemoteUser = Setting("web.trust_remote_user", .choice(["yes", "no"]), default: "no")
    static let pepper = Setting("web.pepper", .hex(16...64), isSecret: true)

    /// A file of 64 hexadecimal digits.
    static let vaultPublicKey = Setting("vault.public_key", .absolutePath)
    static let vaultPrivateKey = Setting("vault.private_key", .hex(32...32), isSecret: true)
    /// Without it, or with a wrong one, the worker starts with a sealed vault.
    static let vaultRootKey = Setting("vault.root_key", .hex(0...64), isSecret: true)
    /// What the root key is being replaced with.
    static let vaultNextRootKey = Setting("vault.next_root_key", .hex(32...32), isSecret: true)
    static let auditKey = Setting("audit.key", .hex(32...32), isSecret: true)
    static let ownerKeys = Setting("vault.owner_keys", .absolutePath)

    /// The identity that assumes roles: an IAM user's access key, or the role of the EC2 instance that the worker runs on;
    /// and where it is asked whose it is.
    static let portalSource = Setting("portal.source", .choice(["key", "instance"]), default: "key")
    /// An imitation, on this machine, of the instance's metadata service.
    static let portalMetadata = Setting("portal.metadata_endpoint", .origin)
    static let portalKeyID = Setting("portal.access_key_id", .text)
    static let portalSecret = Setting("portal.secret_access_key", .text, isSecret: true)
    static let portalRegion = Setting("portal.region", .text)

    static let workerDatabase = Setting("worker.database", .conninfo)
    static let workerThreads = Setting("worker.threads", .integer(1...64), default: 4)
    static let interactiveThreads = Setting("worker.interactive_threads", .integer(1...16), default: 2)
    static let leaseSeconds = Setting("worker.lease_seconds", .integer(1...3600), default: 30)
    static let boundSeconds = Setting("worker.bound_seconds", .integer(1...3600))

    static let migrateDatabase = Setting("migrate.database", .conninfo)
    static let localMigrateDatabase = Setting("local.migrate_database", .conninfo)

    static let localDatabase = Setting("local.database", .conninfo)
    static let localSocket = Setting("local.socket", .absolutePath)
    static let localProcesses = Setting("local.processes", .integer(1...16), default: 2)
    static let localThreads = Setting("local.threads", .integer(1...4), default: 4)
    static let localState = Setting("local.state", .absolutePath)
    static let localEndpoint = Setting("local.endpoint", .origin)
    static let localRunner = Setting("local.runner", .absolutePath)
    static let localMathics = Setting("local.mathics", .absolutePath)
    /// What `deploy/local/init.c` was compiled to.
    static let localInit = Setting("local.init", .absolutePath)
    static let localRelaySocket = Setting("local.relay_socket", .absolutePath)
    static let localCores = Setting("local.cores", .integer(1...1024))
    static let localMemory = Setting("local.memory_mib", .integer(64...16_777_216))
    static let localGPUs = Setting("local.gpus", .integer(0...1024), default: 0)

    static let endpoints = SettingFamily("aws.endpoint.", .origin)
    static let proxy = Setting("aws.proxy", .origin)
    static let caFile = Setting("aws.ca_file", .absolutePath)

    static let all =
        [
            origin, publicFolder, sqlFolder, knownPasswords, logLevel, webSocket, webDatabase, trustRemoteUser,
            vaultPublicKey,
            ownerKeys,
            workerDatabase, migrateDatabase, localMigrateDatabase, localDatabase, localSocket, localState,
            localEndpoint, localRunner, localMathics, localInit, localRelaySocket, proxy, caFile, portalKeyID,
            portalSecret,
            portalRegion, portalSource, portalMetadata,
        ].map(\.declaration)
        + [
            webProcesses, webThreads, workerThreads, interactiveThreads, leaseSeconds, boundSeconds, localProcesses,
            localThreads, localCores, localMemory, localGPUs,
        ].map(\.declaration)
        + [pepper, vaultPrivateKey, vaultRootKey, vaultNextRootKey, auditKey].map(\.declaration) + [
            endpoints.declaration
        ]
}

/// What each program cannot do without.
enum Needed {
    static let web = [
        Declared.origin.declaration, Declared.publicFolder.declaration, Declared.knownPasswords.declaration,
        Declared.webDatabase.declaration, Declared.pepper.declaration, Declared.vaultPublicKey.declaration,
    ]
    static let worker = [
        Declared.workerDatabase.declaration, Declared.vaultPrivateKey.declaration,
        Declared.ownerKeys.declaration, Declared.auditKey.declaration,
    ]
    static let local = [
        Declared.localDatabase.declaration, Declared.localSocket.declaration, Declared.localState.declaration,
        Declared.localEndpoint.declaration, Declared.localInit.declaration, Declared.localRelaySocket.declaration,
    ]
}

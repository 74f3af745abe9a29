import AWS
import Batchport
import Cryptography
import FoundationEssentials
import HTTPClient
import LocalRegion
import Logging
import PostgreSQL
import Processes
import Settings
import Vault

extension SettingsOption {
    /// The settings, with the log set up as they say.
    func load(needing needed: [SettingDeclaration] = []) throws -> Settings {
        let environment = ProcessInfo.processInfo.environment
        let settings = try Settings(
            file: file ?? environment["BATCHPORT_SETTINGS"], environment: environment, declared: Declared.all)
        try settings.require(needed)
        let level = settings.value(Declared.logLevel).flatMap(Logger.Level.init(rawValue:)) ?? .info
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        return settings
    }

    /// The arguments that tell a child the same file.
    var arguments: [String] { file.map { ["--settings", $0] } ?? [] }
}

extension Settings {
    func vaultKey() throws -> VaultPublicKey {
        let path = try required(Declared.vaultPublicKey)
        let text = String(decoding: try File.read(path, limit: 4096).prefix { $0 > 0x20 }, as: UTF8.self)
        guard let bytes = unhex(text), let key = try? VaultPublicKey(bytes: bytes) else {
            throw SettingsError(["The file \(path) (vault.public_key) must hold 32 bytes as hexadecimal digits."])
        }
        return key
    }

    func webConfiguration() throws -> WebConfiguration {
        var configuration = WebConfiguration(
            origin: try required(Declared.origin), publicFolder: try required(Declared.publicFolder),
            knownPasswords: try required(Declared.knownPasswords), database: try required(Declared.webDatabase),
            pepper: try required(Declared.pepper), vaultKey: try vaultKey(),
            threads: try required(Declared.webThreads), endpoints: values(Declared.endpoints))
        configuration.trustsRemoteUser = try required(Declared.trustRemoteUser) == "yes"
        return configuration
    }

    func workerConfiguration() throws -> WorkerConfiguration {
        let endpoints: AWSEndpoints
        do {
            endpoints = try AWSEndpoints(overrides: values(Declared.endpoints))
        } catch {
            throw SettingsError(["aws.endpoint: \(error.description)"])
        }
        let http = HTTPClient.Options(
            proxy: value(Declared.proxy), directHosts: endpoints.overriddenHosts, caFile: value(Declared.caFile),
            isAllowed: endpoints.mayReach)
        let (privateKey, ownerKeys) = (try required(Declared.vaultPrivateKey), try required(Declared.ownerKeys))
        let (rootKey, nextRootKey) = (value(Declared.vaultRootKey) ?? [], value(Declared.vaultNextRootKey))
        let vault = Result { () throws(VaultError) in
            try Vault(privateKey: privateKey, rootKey: rootKey, nextRootKey: nextRootKey, ownerKeys: ownerKeys)
        }
        var configuration = WorkerConfiguration(
            database: try required(Declared.workerDatabase), vault: vault,
            auditChain: AuditChain(key: try required(Declared.auditKey)), endpoints: endpoints, http: http,
            logger: Logger(label: "worker"))
        configuration.portal = try portalIdentity(endpoints)
        configuration.threads = try required(Declared.workerThreads)
        configuration.interactiveThreads = try required(Declared.interactiveThreads)
        configuration.leaseMilliseconds = try required(Declared.leaseSeconds) * 1000
        configuration.boundSeconds = value(Declared.boundSeconds)
        return configuration
    }

    /// Nil where none of it is set.
    func portalIdentity(_ endpoints: AWSEndpoints) throws -> PortalIdentity? {
        let isInstance = try required(Declared.portalSource) == "instance"
        let keyParts = [Declared.portalKeyID, Declared.portalSecret]
        let parts = isInstance ? [Declared.portalRegion] : keyParts + [Declared.portalRegion]
        guard isInstance || parts.contains(where: { value($0) != nil }) else { return nil }
        try require(parts.map(\.declaration))
        let region = try required(Declared.portalRegion)
        guard endpoints.isKnown(region) else {
            throw SettingsError(["portal.region: \(region) is not a region that is known here."])
        }
        if isInstance { return PortalIdentity(try instance(orElse: keyParts), region: region) }
        let key = AWSCredentials(
            accessKeyID: try required(Declared.portalKeyID), secretAccessKey: try required(Declared.portalSecret))
        return PortalIdentity(key, region: region)
    }

    private func instance(orElse keyParts: [Setting<String>]) throws -> InstanceCredentials {
        guard keyParts.allSatisfy({ value($0) == nil }) else {
            throw SettingsError(["portal.source = instance, but there is a key as well (portal.access_key_id)."])
        }
        let endpoint = value(Declared.portalMetadata) ?? InstanceCredentials.service
        guard let instance = InstanceCredentials(endpoint: endpoint, now: Clock.milliseconds) else {
            throw SettingsError([
                "portal.metadata_endpoint must be \(InstanceCredentials.service), or http://127.…: an imitation here."
            ])
        }
        return instance
    }

    func localServer() throws -> LocalServer {
        var server = LocalServer(
            database: try required(Declared.localDatabase), state: try required(Declared.localState),
            endpoint: try required(Declared.localEndpoint))
        server.threads = try required(Declared.localThreads)
        return server
    }

    func localExecutor() throws -> LocalExecutor.Configuration {
        var configuration = LocalExecutor.Configuration(
            database: try required(Declared.localDatabase), state: try required(Declared.localState),
            initProgram: try required(Declared.localInit), endpoint: try required(Declared.localEndpoint),
            relaySocket: try required(Declared.localRelaySocket))
        configuration.runner = value(Declared.localRunner)
        configuration.mathics = value(Declared.localMathics)
        if let cores = value(Declared.localCores) { configuration.cores = cores }
        if let memory = value(Declared.localMemory) { configuration.memoryMiB = memory }
        configuration.gpus = try required(Declared.localGPUs)
        return configuration
    }
}

import Batchport
import Cryptography
import FoundationEssentials
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
        WebConfiguration(
            origin: try required(Declared.origin), publicFolder: try required(Declared.publicFolder),
            knownPasswords: try required(Declared.knownPasswords), database: try required(Declared.webDatabase),
            pepper: try required(Declared.pepper), vaultKey: try vaultKey(),
            threads: try required(Declared.webThreads), endpoints: values(Declared.endpoints))
    }
}

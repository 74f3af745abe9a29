import ArgumentParser
import Cryptography
import Processes
import Vault

struct RecoveryKeys: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recovery-key",
        abstract: "Makes the key that is kept elsewhere and brings back the root key when its machine is gone.",
        discussion: """
            new prints the recovery key, once, and writes its public half. seal keeps a key in a file that only the recovery \
            key opens: do so again for each new root key. open prints what was sealed. None needs settings or a database.
            """,
        subcommands: [New.self, Seal.self, Open.self])

    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints a new recovery key: it cannot be shown again.")
        @Option(help: "Where its public half goes.") var publicFile: String

        func run() throws {
            let key = RecoveryKey.generate()
            // Not over another: what is sealed to that one would open no more with what is printed now.
            try File.create(Array((hex(key.publicKey) + "\n").utf8), at: publicFile)
            print(key.text)
        }
    }

    struct Seal: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Seals a key for the recovery key.")
        @Option(help: "The recovery key's public half.") var publicFile: String
        @Option(help: "What it is: root, vault or audit.") var name: String
        @Option(help: "A file whose first line is the key, in hexadecimal digits.") var secretFile: String
        @Option(help: "Where the sealed one goes.") var out: String

        func run() throws {
            let sealed = try RecoveryKey.seal(
                try hexLine(secretFile), named: name, to: try hexLine(publicFile))
            try File.write(Array((hex(sealed) + "\n").utf8), to: out)
        }
    }

    struct Open: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints a key that was sealed; the recovery key is the first line of standard input.")
        @Option(help: "What it is: root, vault or audit.") var name: String
        @Option(help: "The file that seal wrote.") var sealed: String

        func run() throws {
            let sealed = try hexLine(sealed)
            do throws(VaultError) {
                let key = try RecoveryKey(text: readLine() ?? "")
                print(hex(try key.open(sealed, named: name)))
            } catch {
                throw Sentence(
                    error == .badKey
                        ? "This is no recovery key: it has 17 groups of four hexadecimal digits, and one is mistyped."
                        : "It cannot be opened: \(error). It was sealed for another recovery key, or under another name."
                )
            }
        }
    }
}

/// A file of hexadecimal digits, as bytes.
private func hexLine(_ path: String) throws -> [UInt8] {
    guard let bytes = unhex(try secretLine(path)), !bytes.isEmpty else {
        throw Sentence("\(path) does not hold hexadecimal digits.")
    }
    return bytes
}

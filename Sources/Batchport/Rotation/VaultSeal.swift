import HTML
import PostgreSQL

/// The vault as an operator has sealed it: until it is unsealed, no worker opens a secret for anybody, whatever keys it
/// has. What needs one waits, and loses nothing by it.
struct VaultSeal: Equatable, Sendable {
    let by: String
    let reason: String
    let since: Int64

    var sentence: String {
        "An admin has sealed the vault, so that no secret is opened and nothing is signed. The reason given: \(reason)"
    }

    /// Above what a person does here.
    func note(_ assets: Assets) -> HTML {
        """
        <div class="note" data-s="warn">\(assets.icon("warn"))<div><strong>An admin has sealed the vault.</strong>
        <p class="mt2">The reason given: \(reason)</p><p class="mt2">No secret is opened meanwhile. Jobs are taken and wait; those \
        at AWS go on there. All goes on by itself once it is unsealed.</p></div></div>
        """
    }
}

/// What a worker's task meets that needs a secret. It says nothing about the task or its credential, so it is no
/// `CredentialTrouble`: the task is put off, and none of its attempts is used up.
struct VaultSealed: Error, Equatable {
    let seal: VaultSeal
}

extension Connection {
    mutating func vaultSeal() throws -> VaultSeal? {
        try row("SELECT sealed_by, reason, sealed_at FROM vault_seal") {
            VaultSeal(
                by: try $0.text("sealed_by"), reason: try $0.text("reason"), since: try $0.milliseconds("sealed_at"))
        }
    }

    /// For whoever brings a secret: none is taken that could not be sealed under its owner's key.
    mutating func requireOpenVault() throws {
        if let seal = try vaultSeal() { throw Failure.vaultSealed(seal) }
        guard try vaultIsOpen() else { throw Failure.vaultSealed }
    }

    /// What waited for it goes on.
    mutating func resumeUnsealedJobs() throws {
        try resumeHeldJobs(where: "held_cause = 'vaultSealed' AND NOT EXISTS (SELECT FROM vault_seal)")
    }
}

extension Workbench {
    /// Asked of the database before each use, so that it holds for every worker, from the moment at which it is written.
    mutating func requireUnsealed() throws {
        if let seal = try database.vaultSeal() { throw VaultSealed(seal: seal) }
    }
}

extension Failure {
    static func vaultSealed(_ seal: VaultSeal) -> Failure {
        Failure(
            status: 503, type: "vault", title: "Vault sealed", detail: seal.sentence + " Nothing was changed.",
            retryAfter: 30)
    }
}

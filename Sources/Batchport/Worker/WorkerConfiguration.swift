package import AWS
package import HTTPClient
package import Logging
package import Vault

/// What a worker process knows from its start on.
package struct WorkerConfiguration: Sendable {
    /// libpq's conninfo, of the role `batchport_worker`.
    package var database: String
    /// Or why it is sealed: then what needs a secret waits, and all else works.
    package var vault: Result<Vault, VaultError>
    package var auditChain: AuditChain
    /// Nil where roles cannot be assumed.
    package var portal: PortalIdentity?
    package var endpoints: AWSEndpoints
    package var http: HTTPClient.Options
    package var logger: Logger
    /// For all but what a person waits for.
    package var threads = 4
    /// Reserved for what a person waits for: presigning, checks of uploads.
    package var interactiveThreads = 2
    /// A worker that has not been heard of for this long has lost its tasks.
    package var leaseMilliseconds = 30_000
    /// How long to wait, once a submission can no longer be on its way, before AWS's list is believed. Nil: the limit
    /// `submission.waitSeconds`.
    package var boundSeconds: Int?
    let restraint = Restraint()
    let sessions = RoleSessions()

    package init(
        database: String, vault: Result<Vault, VaultError>, auditChain: AuditChain, endpoints: AWSEndpoints,
        http: HTTPClient.Options,
        logger: Logger
    ) {
        self.database = database
        self.vault = vault
        self.auditChain = auditChain
        self.endpoints = endpoints
        self.http = http
        self.logger = logger
    }
}

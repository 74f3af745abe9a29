package import Vault

/// What one web process knows from its start on. A value, handed to every thread's `Scope`.
package struct Site: Sendable {
    /// Our own origin, for example `https://batchport.example.org`: what `Origin` must be, and the allowed `Host`.
    package let origin: String
    /// Where the static files stand, by name: `app.css` → `/assets/0123456789abcdef/app.css`.
    package let assets: Assets
    /// Keyed into every password hash; kept outside the database.
    package let pepper: [UInt8]
    package let knownPasswords: KnownPasswords
    /// Seals secrets for the worker; there is none that opens them here.
    package let vaultKey: VaultPublicKey
    /// At most one password is hashed at a time in a process.
    package let hashing: SingleFile
    /// At most half the threads wait for the worker at a time.
    package let waiting: Turnstile
    package let rates: Rates
    let looks = RecentLooks()

    /// Base URLs of a region's services where they are not AWS's own: `REGION` or `REGION.s3`.
    package let endpoints: [String: String]

    /// Whether the web server's word on who asks is taken (`TrustedUser`).
    package let trustsRemoteUser: Bool

    package let now: @Sendable () -> Int64

    package init(
        origin: String, assets: Assets, pepper: [UInt8], knownPasswords: KnownPasswords, vaultKey: VaultPublicKey,
        threads: Int,
        endpoints: [String: String] = [:], trustsRemoteUser: Bool = false, rates: Rates = Rates(),
        now: @escaping @Sendable () -> Int64
    ) {
        self.origin = origin
        self.assets = assets
        self.pepper = pepper
        self.knownPasswords = knownPasswords
        self.vaultKey = vaultKey
        hashing = SingleFile(line: 2)
        waiting = Turnstile(places: max(1, threads / 2))
        self.endpoints = endpoints
        self.trustsRemoteUser = trustsRemoteUser
        self.rates = rates
        self.now = now
    }

    var host: String { String(origin.drop { $0 != "/" }.dropFirst(2)) }
    var isSecure: Bool { origin.hasPrefix("https://") }
}

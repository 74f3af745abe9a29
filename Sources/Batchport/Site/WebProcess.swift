import FastCGI
import Cryptography
import HTTP
import PostgreSQL
import Processes
package import Vault

/// What a web process needs to know; there is no key among it that opens anything.
package struct WebConfiguration: Sendable {
    /// Our own origin, for example `https://batchport.example.org`.
    package var origin: String
    package var publicFolder: String
    /// A file of passwords that are tried first, one a line.
    package var knownPasswords: String
    /// libpq's, as `name=value` pairs, for the role `batchport_web`.
    package var database: String
    package var pepper: [UInt8]
    package var vaultKey: VaultPublicKey
    /// 1 to 4 a process.
    package var threads: Int
    /// Base URLs of services that are not AWS's own, by `REGION` or `REGION.SERVICE`: pages name their origins.
    package var endpoints: [String: String]
    /// Only where nothing but the site's own nginx reaches the socket.
    package var trustsRemoteUser = false

    package init(
        origin: String, publicFolder: String, knownPasswords: String, database: String, pepper: [UInt8],
        vaultKey: VaultPublicKey, threads: Int = 4, endpoints: [String: String] = [:]
    ) {
        self.origin = origin
        self.publicFolder = publicFolder
        self.knownPasswords = knownPasswords
        self.database = database
        self.pepper = pepper
        self.vaultKey = vaultKey
        self.threads = threads
        self.endpoints = endpoints
    }
}

/// A web process: pages and JSON API over FastCGI, or one answer over CGI.
package enum WebProcess {
    /// Serves on the listening socket until `stop` can be read or is closed, finishes what is under way, and returns.
    /// Throws at once what is wrong with the configuration; a database that is away is no error but 503 meanwhile.
    /// - Parameter whenReady: is called once nothing stands in the way.
    package static func serve(
        _ configuration: WebConfiguration, listening: Int32, stop: Int32, whenReady: () -> Void = {}
    ) throws {
        let site = try site(configuration)
        whenReady()
        let conninfo = configuration.database + sessionOptions
        var options = ServerOptions()
        options.threads = configuration.threads
        try FastCGIServer.run(
            listening: listening, options: options, stop: stop, makeState: { Serving(site: site, conninfo: conninfo) },
            refuse: { error in refuse(error, site) },
            handle: { request, body, serving in serving.answer(request, &body) })
    }

    /// Answers the one request of a CGI program's environment and standard input.
    package static func answerCGI(_ configuration: WebConfiguration, environment: [String: String]) throws {
        let site = try site(configuration)
        let conninfo = configuration.database + sessionOptions
        try CGI.run(
            environment: environment, makeState: { Serving(site: site, conninfo: conninfo) },
            refuse: { error in refuse(error, site) },
            handle: { request, body, serving in serving.answer(request, &body) })
    }

    /// Throws what would keep `serve` from starting.
    package static func check(_ configuration: WebConfiguration) throws {
        _ = try site(configuration)
    }

    private static func site(_ configuration: WebConfiguration) throws -> Site {
        Site(
            origin: configuration.origin, assets: try Assets(folder: configuration.publicFolder),
            pepper: configuration.pepper, knownPasswords: try KnownPasswords(file: configuration.knownPasswords),
            vaultKey: configuration.vaultKey, threads: configuration.threads, endpoints: configuration.endpoints,
            trustsRemoteUser: configuration.trustsRemoteUser, now: Clock.milliseconds)
    }

    /// A request never waits longer than nginx does, nor holds a transaction that nobody works in. JIT costs more than
    /// any of these statements.
    private static let sessionOptions =
        " options='-c statement_timeout=15s -c lock_timeout=5s -c idle_in_transaction_session_timeout=15s -c jit=off'"

    /// What could not even be read as a request: there is no address to tell page from API by.
    private static func refuse(_ error: RequestError, _ site: Site) -> Response {
        var response = Failure.from(error).plainResponse
        SecurityHeaders.add(to: &response, site: site)
        return response
    }
}

/// What a thread keeps between requests: its scope, once the database could be reached.
private struct Serving: ~Copyable {
    let site: Site
    let conninfo: String
    var scope: Scope?

    init(site: Site, conninfo: String) {
        self.site = site
        self.conninfo = conninfo
    }

    mutating func answer(_ request: Request, _ body: inout RequestBody) -> Response {
        do {
            var present = try scope.take() ?? Scope(database: Connection(conninfo), site: site)
            let response = Answering.answer(request, &body, &present)
            scope = consume present
            return response
        } catch {
            return Answering.answerAlone(request, error, on: site)
        }
    }
}

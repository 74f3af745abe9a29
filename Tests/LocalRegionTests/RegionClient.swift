import AWS
import HTTPClient
import PostgreSQL
import Processes
import TestRegion
import TestSupport
import Testing

extension RegionUnderTest {
    static let name = "us-local-1"

    /// The first user's.
    func keys() throws -> AWSCredentials {
        var connection = try database.connect(.local)
        let keys = try connection.row("SELECT id, secret FROM access_keys WHERE principal = 'first'") { row in
            AWSCredentials(accessKeyID: try row.text("id"), secretAccessKey: try row.text("secret"))
        }
        return try #require(keys)
    }

    /// Tries nothing twice.
    func client(overTLS: Bool = false) throws -> AWSClient {
        let endpoints = try AWSEndpoints(overrides: [Self.name: overTLS ? secureEndpoint : endpoint])
        let http = HTTPClient(.init(caFile: folder.file("tls/ca.pem"), isAllowed: { _ in true }))
        var client = AWSClient(endpoints: endpoints, http: http, now: Clock.milliseconds)
        client.retry = .never
        return client
    }
}

import HTTPClient
import Processes
import TestSupport
import Testing

/// Against `openssl s_server`, with certificates made for the test.
struct TLSTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    @Test func aTrustedCertificateOfTheHostIsTaken() throws {
        try certify("DNS:localhost")
        #expect(try status(caFile: path("cert.pem")) == 200)
    }

    @Test func aStrangersCertificateIsRefused() throws {
        try certify("DNS:localhost")
        #expect(throws: Refused(kind: .tls, nothingWasSent: true)) { try status(caFile: nil) }
    }

    @Test func aCertificateOfAnotherHostIsRefused() throws {
        try certify("DNS:elsewhere.example")
        #expect(throws: Refused(kind: .tls, nothingWasSent: true)) { try status(caFile: path("cert.pem")) }
    }

    @Test func anExpiredCertificateIsRefused() throws {
        try certify("DNS:localhost")
        // Signed again by its own key, with an end that is past.
        let arguments = ["x509", "-in", path("cert.pem"), "-signkey", path("key.pem"), "-days", "-1", "-out"]
        try TLSServer.openssl(arguments + [path("expired.pem")])
        #expect(try File.read(path("expired.pem")) != File.read(path("cert.pem")))
        #expect(throws: Refused(kind: .tls, nothingWasSent: true)) {
            try status("expired.pem", caFile: path("expired.pem"))
        }
    }

    @Test func anOldProtocolIsRefused() throws {
        try certify("DNS:localhost")
        let old = ["-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"]
        #expect(throws: Refused(kind: .tls, nothingWasSent: true)) {
            try status(caFile: path("cert.pem"), options: old)
        }
    }

    @Test func aServerWithoutTLSGetsNothing() throws {
        try LoopbackServer.run { connection in
            try connection.write("HTTP/1.1 200 OK\r\n\r\n")
            try connection.waitForClose()
        } _: { server in
            var client = loopbackClient()
            let error = #expect(throws: HTTPClientError.self) {
                try client.send(.init(url: "https://127.0.0.1:\(server.port)/"))
            }
            #expect(error?.kind == .tls && error?.nothingWasSent == true)
        }
    }

    private struct Refused: Error, Equatable {
        let kind: HTTPClientError.Kind
        let nothingWasSent: Bool
    }

    private func path(_ name: String) -> String { folder.file(name) }

    private func certify(_ name: String) throws { try TLSServer.certify(name, in: folder) }

    private func status(_ certificate: String = "cert.pem", caFile: String?, options: [String] = []) throws -> Int {
        let server = try TLSServer(folder, certificate: certificate, options: options)
        var client = HTTPClient(.init(caFile: caFile, isAllowed: { $0.address == [127, 0, 0, 1] }))
        do {
            return try client.send(.init(url: "https://localhost:\(server.port)/")).status
        } catch {
            throw Refused(kind: error.kind, nothingWasSent: error.nothingWasSent)
        }
    }
}

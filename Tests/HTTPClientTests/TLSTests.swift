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
        try openssl(arguments + [path("expired.pem")])
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

    private func certify(_ name: String) throws {
        try openssl([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj",
            "/CN=test", "-addext", "subjectAltName=\(name)", "-keyout", path("key.pem"), "-out", path("cert.pem"),
        ])
    }

    private func openssl(_ arguments: [String]) throws {
        var openssl = Spawn("/usr/bin/openssl", arguments)
        openssl.standardError = .null
        #expect(try openssl.start().wait() == .code(0))
    }

    private func status(_ certificate: String = "cert.pem", caFile: String?, options: [String] = []) throws -> Int {
        let output = try Pipe()
        var openssl = Spawn(
            "/usr/bin/openssl",
            ["s_server", "-accept", "127.0.0.1:0", "-www", "-cert", path(certificate), "-key", path("key.pem")]
                + options
        )
        openssl.standardOutput = .descriptor(output.writing.number)
        openssl.standardError = .null
        let server = try openssl.start()
        defer {
            server.signal(Signals.kill)
            _ = server.wait()
        }
        let port = try Self.port(announcedOn: output.reading)
        var client = HTTPClient(.init(caFile: caFile, isAllowed: { $0.address == [127, 0, 0, 1] }))
        do {
            return try client.send(.init(url: "https://localhost:\(port)/")).status
        } catch {
            throw Refused(kind: error.kind, nothingWasSent: error.nothingWasSent)
        }
    }

    /// `ACCEPT 127.0.0.1:40123`
    private static func port(announcedOn output: borrowing Descriptor) throws -> Int {
        var text = ""
        while true {
            let piece = try output.read(max: 4096)
            text += String(decoding: piece, as: UTF8.self)
            for line in text.split(separator: "\n").dropLast(text.hasSuffix("\n") ? 0 : 1)
            where line.hasPrefix("ACCEPT") {
                if let port = line.split(separator: ":").last.flatMap({ Int($0) }) { return port }
            }
            try #require(!piece.isEmpty, "openssl s_server ended: \(text)")
        }
    }
}

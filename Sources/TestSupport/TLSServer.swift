internal import Processes

/// `openssl s_server` on 127.0.0.1 with a certificate made for the test: it answers any GET. Ends with its owner.
package final class TLSServer: Sendable {
    package let port: Int
    private let server: Child

    /// A new key and its self-signed certificate, `key.pem` and `cert.pem` in the folder.
    /// - Parameter name: for example `DNS:localhost`.
    package static func certify(_ name: String, in folder: TestFolder) throws {
        try openssl([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=test", "-addext", "subjectAltName=\(name)", "-keyout", folder.file("key.pem"), "-out",
            folder.file("cert.pem"),
        ])
    }

    /// Runs `openssl` with these arguments.
    package static func openssl(_ arguments: [String]) throws {
        var openssl = Spawn("/usr/bin/openssl", arguments)
        openssl.standardError = .null
        guard try openssl.start().wait() == .code(0) else { throw TestSupportError("openssl \(arguments[0]) failed") }
    }

    /// With the folder's `key.pem`. `options` are further ones of `s_server`.
    package init(_ folder: TestFolder, certificate: String = "cert.pem", options: [String] = []) throws {
        let output = try Pipe()
        let files = ["-cert", folder.file(certificate), "-key", folder.file("key.pem")]
        var openssl = Spawn("/usr/bin/openssl", ["s_server", "-accept", "127.0.0.1:0", "-www"] + files + options)
        openssl.standardOutput = .descriptor(output.writing.number)
        openssl.standardError = .null
        server = try openssl.start()
        do {
            port = try Self.port(announcedOn: output.reading)
        } catch {
            server.signal(Signals.kill)
            _ = server.wait()
            throw error
        }
    }

    deinit {
        server.signal(Signals.kill)
        _ = server.wait()
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
            guard !piece.isEmpty else { throw TestSupportError("openssl s_server ended: \(text)") }
        }
    }
}

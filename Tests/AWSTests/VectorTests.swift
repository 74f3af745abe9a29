import AWS
import Cryptography
import FoundationEssentials
import HTTP
import JSON
import Processes
import Testing

/// AWS's own Signature Version 4 suite (Vectors/sigv4), every case in header and in query form.
struct VectorTests {
    @Test(arguments: try Vector.all())
    func inHeaders(vector: Vector) throws {
        var message = try vector.message()
        if vector.signsBody { message.headers.append(("x-amz-content-sha256", message.bodyHash)) }
        let signer = vector.signer
        let added = signer.headers(for: message)
        message.headers += added.dropLast()
        let names = SigV4.signableNames(message.headers)
        let canonical = SigV4.canonicalRequest(message, signedHeaders: names, path: vector.pathRule)
        #expect(try canonical == vector.text("header-canonical-request"))
        let toSign = SigV4.stringToSign(canonicalRequest: canonical, timestamp: signer.timestamp, scope: signer.scope)
        #expect(try toSign == vector.text("header-string-to-sign"))
        let signature = try vector.text("header-signature")
        #expect(signer.signature(of: toSign) == signature)
        let authorization = try #require(added.last { $0.name == "authorization" }?.value)
        #expect(
            authorization == "AWS4-HMAC-SHA256 Credential=\(signer.credential), "
                + "SignedHeaders=\(names.joined(separator: ";")), Signature=\(signature)")
    }

    @Test(arguments: try Vector.all())
    func inTheQuery(vector: Vector) throws {
        var message = try vector.message()
        let signer = vector.signer
        let query = signer.presignedQuery(for: message, seconds: vector.seconds)
        let parts = query.split(separator: "&X-Amz-Signature=", omittingEmptySubsequences: false)
        try #require(parts.count == 2)
        #expect(try String(parts[1]) == vector.text("query-signature"))
        message.query = String(parts[0])
        let names = SigV4.signableNames(message.headers)
        let canonical = SigV4.canonicalRequest(message, signedHeaders: names, path: vector.pathRule)
        #expect(try canonical == vector.text("query-canonical-request"))
        let toSign = SigV4.stringToSign(canonicalRequest: canonical, timestamp: signer.timestamp, scope: signer.scope)
        #expect(try toSign == vector.text("query-string-to-sign"))
    }

    @Test func theSuiteIsWhole() throws {
        #expect(try Vector.all().count == 30)
    }
}

struct Vector: CustomTestStringConvertible, Sendable {
    let folder: String
    let context: JSONValue

    static func all() throws -> [Vector] {
        let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
        let root = "/\(folder)/Vectors/sigv4"
        return try FileManager.default.contentsOfDirectory(atPath: root).sorted().compactMap { name in
            let context = "\(root)/\(name)/context.json"
            guard File.exists(context) else { return nil }
            return Vector(folder: "\(root)/\(name)", context: try JSONValue.parse(File.read(context)))
        }
    }

    var testDescription: String { String(folder.split(separator: "/").last ?? "") }

    func text(_ name: String) throws -> String {
        String(decoding: try File.read("\(folder)/\(name).txt"), as: UTF8.self)
    }

    var signsBody: Bool { context["sign_body"]?.bool ?? false }
    var seconds: Int { context["expiration_in_seconds"]?.integer ?? 0 }
    var pathRule: SigV4.PathRule { context["normalize"]?.bool == true ? .normalized : .asSent }

    /// Where the token is added after signing, it is not there when signing.
    var signer: Signer {
        let own = context["credentials"]
        let token = context["omit_session_token"]?.bool == true ? nil : own?["token"]?.string
        return Signer(
            AWSCredentials(
                accessKeyID: own?["access_key_id"]?.string ?? "",
                secretAccessKey: own?["secret_access_key"]?.string ?? "",
                sessionToken: token),
            service: context["service"]?.string ?? "", region: context["region"]?.string ?? "",
            at: AmzDate.parseDashed(context["timestamp"]?.string ?? "") ?? 0, path: pathRule)
    }

    /// `request.txt` holds paths as people write them; on the wire, those that are not to be normalised are encoded.
    func message() throws -> SigV4.Message {
        let halves = try text("request").split(separator: "\n\n", maxSplits: 1, omittingEmptySubsequences: false)
        let lines = halves[0].split(separator: "\n")
        let target = lines[0].dropFirst(lines[0].prefix { $0 != " " }.count + 1).dropLast(" HTTP/1.1".count)
        let path = String(target.prefix { $0 != "?" })
        var headers: [(name: String, value: String)] = []
        for line in lines.dropFirst() {
            if line.hasPrefix(" "), let last = headers.popLast() {
                headers.append((last.name, last.value + "\n" + line))
            } else {
                let colon = try #require(line.firstIndex(of: ":"))
                headers.append((String(line[..<colon]), String(line[line.index(after: colon)...])))
            }
        }
        let body = signsBody && halves.count > 1 ? Array(halves[1].utf8) : []
        return SigV4.Message(
            method: String(lines[0].prefix { $0 != " " }),
            path: pathRule == .asSent ? percentEncode(path, keepingSlashes: true) : path,
            query: String(target.dropFirst(path.count + 1)), headers: headers, bodyHash: hex(sha256(body)))
    }
}

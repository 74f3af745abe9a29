import AWS
import FoundationEssentials
import JSON

/// A stack to import, as asked for.
struct StackImport {
    /// Its name or its ARN.
    var stackName = ""
    /// Empty for the ARN's, or else the credential's own.
    var region = ""
    var credential = ""

    init() {}

    init(_ reader: inout ObjectReader) {
        stackName = reader.string("stackName") ?? ""
        region = reader.string("region") ?? ""
        credential = reader.string("credential") ?? ""
    }

    /// Asks AWS. Throws 422 with what is wrong.
    func outputs(_ scope: inout Scope) throws -> StackOutputs {
        let credentials = try scope.database.credentials(of: try scope.identity().person)
        var problems: [Failure.Problem] = []
        let chosen = credentials.first { $0.id.lower == credential.lowercased() }
        if chosen == nil {
            problems.append(.init("/stack/credential", "unknown", "Choose a credential of yours that may describe it."))
        }
        if !Self.isName(stackName) {
            problems.append(
                .init(
                    "/stack/stackName", "malformed",
                    "Give the stack's name, letters, digits and hyphens after a letter, or its ARN."))
        }
        if !region.isEmpty, let ofARN = Self.region(of: stackName), ofARN != region {
            problems.append(.init("/stack/region", "mismatch", "The stack's ARN names the region \(ofARN)."))
        }
        guard problems.isEmpty, let chosen else { throw Failure.unfit(problems) }
        let place = Self.region(of: stackName) ?? (region.isEmpty ? chosen.region : region)
        let answer = try Links.stack(
            StackQuestion(name: stackName, region: place, credential: chosen.id), &scope)
        return try Self.outputs(answer)
    }

    private static func outputs(_ answer: JSONValue) throws -> StackOutputs {
        func refused(_ code: String, _ sentence: String) -> Failure {
            .unfit([.init("/stack/stackName", code, sentence)])
        }
        if let sentence = answer["refused"]?.string { throw refused("notFound", sentence) }
        guard answer["isReady"]?.bool == true else {
            throw refused(
                "notReady", "The stack is \(answer["status"]?.string ?? "not there"): wait until it is complete.")
        }
        return try StackOutputs(answer["outputs"] ?? nil, at: "/stack/stackName")
    }

    /// A name as CloudFormation has them, or an ARN.
    private static func isName(_ text: String) -> Bool {
        if text.hasPrefix("arn:") {
            return region(of: text) != nil && text.utf8.count <= 512 && TextRules.isPlain(text)
        }
        guard (1...128).contains(text.utf8.count), let first = text.utf8.first else { return false }
        let isLetter = { (byte: UInt8) in (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) }
        return isLetter(first)
            && text.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") }
    }

    private static func region(of text: String) -> String? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn", parts[2] == "cloudformation", parts[5].hasPrefix("stack/"),
            !parts[3].isEmpty
        else { return nil }
        return String(parts[3])
    }
}

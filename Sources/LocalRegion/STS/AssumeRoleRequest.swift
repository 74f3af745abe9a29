import HTTP
import IAMPolicy
import JSON

/// AssumeRole's parameters, checked against the model.
struct AssumeRoleRequest: Sendable {
    let roleARN: String
    let sessionName: String
    let seconds: Int?
    let externalID: String?
    let sourceIdentity: String?
    /// Of the session, as given.
    let policyText: String?
    let policyARNs: [String]
    let tags: [(key: String, value: String)]
    /// One has only half of the two.
    private let hasBrokenTag: Bool

    /// Source: botocore's model of STS, and AssumeRole's page in the API reference for the policy's length.
    init(_ form: Form) throws(LocalFault) {
        func one(_ name: String) throws(LocalFault) -> String? {
            do { return try form.one(name) } catch {
                throw LocalFault(code: "MalformedQueryString", message: error.detail)
            }
        }
        func members(_ name: String, _ inner: String, _ limit: Int) throws(LocalFault) -> [String?] {
            var found: [String?] = []
            for index in 1...limit { found.append(try one("\(name).member.\(index).\(inner)")) }
            return found
        }
        let duration = try one("DurationSeconds")
        if let duration, Int(duration) == nil { throw Self.invalid("Invalid DurationSeconds: it must be an integer.") }
        seconds = duration.flatMap { Int($0) }
        policyText = try one("Policy")
        policyARNs = try members("PolicyArns", "arn", 11).compactMap { $0 }
        let (names, values) = (try members("Tags", "Key", 51), try members("Tags", "Value", 51))
        tags = zip(names, values).compactMap { key, value in key.map { ($0, value ?? "") } }
        hasBrokenTag = zip(names, values).contains { ($0 == nil) != ($1 == nil) }
        externalID = try one("ExternalId")
        sourceIdentity = try one("SourceIdentity")
        let (role, session) = (try one("RoleArn"), try one("RoleSessionName"))
        roleARN = role ?? ""
        sessionName = session ?? ""
        if let message = violations(role, session) { throw Self.invalid(message) }
        if Set(tags.map { $0.key.lowercased() }).count < tags.count {
            throw LocalFault(code: "InvalidParameterValue", message: "Duplicate tag keys found.")
        }
    }

    private func violations(_ role: String?, _ session: String?) -> String? {
        var check = ModelCheck()
        check.required("roleArn", role)
        check.length("roleArn", role, 20...2048)
        check.required("roleSessionName", session)
        check.name("roleSessionName", session)
        check.range("durationSeconds", seconds, 900...43200)
        check.length("externalId", externalID, 2...1224)
        check.pattern("externalId", externalID, "[\\w+=,.@:\\/-]*") { $0.isMadeOfWords(and: "+=,.@:/-") }
        check.name("sourceIdentity", sourceIdentity)
        check.length("policy", policyText, 1...2048)
        check.count("policyArns", policyARNs, 0...10)
        check.count("tags", tags.map(\.key), 0...50)
        if hasBrokenTag { check.required("tags.member", String?.none) }
        for (index, tag) in tags.enumerated() {
            check.tag("tags.\(index + 1).member.key", tag.key, 1...128)
            check.tag("tags.\(index + 1).member.value", tag.value, 0...256)
        }
        return check.message
    }

    /// What trust policies and others may ask about.
    var context: [String: [String]] {
        var context = ["sts:RoleSessionName": [sessionName]]
        context["sts:ExternalId"] = externalID.map { [$0] }
        context["sts:SourceIdentity"] = sourceIdentity.map { [$0] }
        if !tags.isEmpty { context["aws:TagKeys"] = tags.map(\.key) }
        for tag in tags { context["aws:RequestTag/\(tag.key)"] = [tag.value] }
        return context
    }

    /// In per cent of what AWS has room for: an estimate, since it packs them in a way of its own.
    var packedSize: Int {
        let tags = tags.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        let policies = (policyText?.utf8.count ?? 0) + policyARNs.reduce(0) { $0 + $1.utf8.count }
        return (100 * (tags + policies) + 2047) / 2048
    }

    var narrows: Bool { policyText != nil || !policyARNs.isEmpty }

    static func invalid(_ message: String) -> LocalFault { LocalFault(code: "ValidationError", message: message) }
}

extension ModelCheck {
    fileprivate mutating func tag(_ member: String, _ value: String, _ size: ClosedRange<Int>) {
        length(member, value, size)
        pattern(member, value, "[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*") { text in
            text.unicodeScalars.allSatisfy { scalar in
                "_.:/=+-@".unicodeScalars.contains(scalar) || scalar.properties.isAlphabetic
                    || scalar.properties.isWhitespace || scalar.properties.numericType != nil
            }
        }
    }

    fileprivate mutating func name(_ member: String, _ value: String?) {
        length(member, value, 2...64)
        pattern(member, value, "[\\w+=,.@-]*") { $0.isMadeOfWords(and: "+=,.@-") }
    }
}

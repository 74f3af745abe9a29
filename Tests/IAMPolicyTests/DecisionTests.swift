import FoundationEssentials
import Glibc
import IAMPolicy
import JSON
import Processes
import TestSupport
import Testing

/// What policies come to: a table of cases with what IAM's documentation says, and cases made by chance. Both are also
/// decided by Principal Mapper, an evaluator by others; where it sees something differently, the table says so.
struct DecisionTests {
    private static let folder = "Tests/IAMPolicyTests/"

    @Test func theTable() throws {
        for item in try table() {
            let decided = try AccessCase(item).decide()
            #expect(AccessCase.words(decided) == item["expect"]?.string, "\(item["name"]?.string ?? "")")
        }
    }

    @Test func anotherEvaluatorSaysTheSameOfTheTable() throws {
        let table = try table()
        let judged = try judge(["table", try Repository.folder(Self.folder + "decisions.json")])
        #expect(judged.count == table.count && judged.filter { $0 != .null }.count > 90)
        for (item, verdict) in zip(table, judged) where verdict != .null {
            #expect(verdict.bool == (item["expect"] == "allowed"), "\(item["name"]?.string ?? "")")
        }
    }

    @Test(arguments: [1, 2, 3])
    func anotherEvaluatorSaysTheSameByChance(seed: Int) throws {
        let cases = try judge(["random", String(seed), "1000"])
        #expect(cases.count == 1000)
        for item in cases {
            let decided = try AccessCase(item).decide()
            #expect((decided == .allowed) == item["allowed"]?.bool, "\(item.text)")
        }
        let allowed = cases.count { $0["allowed"] == true }
        #expect((100...900).contains(allowed))
    }

    private func table() throws -> [JSONValue] {
        let file = try Repository.folder(Self.folder + "decisions.json")
        return try JSONValue.parse(try File.read(file)).array ?? []
    }

    /// A line of JSON each. `BATCHPORT_TEST_PYTHON` names a Python that has the package.
    private func judge(_ arguments: [String]) throws -> [JSONValue] {
        let folder = try TestFolder()
        let python = unsafe getenv("BATCHPORT_TEST_PYTHON").map { unsafe String(cString: $0) }
        let script = try Repository.folder(Self.folder + "judge.py")
        var run = Spawn("/usr/bin/env", [python ?? "python3", script] + arguments)
        run.environment = ["PATH": "/usr/bin:/bin", "HOME": folder.path, "PYTHONDONTWRITEBYTECODE": "1"]
        run.standardOutput = .append(folder.file("out"))
        run.standardError = .append(folder.file("err"))
        let exit = try run.start().wait()
        let said = String(decoding: try folder.read("err"), as: UTF8.self)
        try #require(exit == .code(0), "\(said)")
        return try folder.read("out").split(separator: UInt8(ascii: "\n")).map { try JSONValue.parse(Array($0)) }
    }
}

/// One case as the table writes it.
struct AccessCase {
    let rules: AccessRules
    let request: AccessRequest
    let isAssuming: Bool

    init(_ json: JSONValue) throws {
        let arn = try #require(json["principal"]?.string)
        let account = "000000000000"
        let role = "arn:aws:iam::\(account):role/job"
        request = AccessRequest(
            principal: PolicyPrincipal(arn.contains("sts") ? .session(role: role) : .user, account: account, arn: arn),
            action: try #require(json["action"]?.string), resource: try #require(json["resource"]?.string),
            context: AccessContext(Self.context(json["context"])))
        isAssuming = json["trust"] != nil
        let resource = try json["trust"].map { try PolicyDocument($0, as: .trust) }
        rules = AccessRules(
            identity: try Self.documents(json["identity"]) ?? [], session: try Self.documents(json["session"]),
            resource: try resource ?? json["resourcePolicy"].map { try PolicyDocument($0, as: .resource) })
    }

    func decide() -> AccessDecision { isAssuming ? rules.decideAssuming(request) : rules.decide(request) }

    static func words(_ decision: AccessDecision) -> String {
        switch decision {
        case .allowed: "allowed"
        case .denied(.explicitly(let kind)): "explicit \(kind)"
        case .denied(.implicitly(let kind)): "implicit \(kind)"
        }
    }

    private static func documents(_ json: JSONValue?) throws -> [PolicyDocument]? {
        try json?.array?.map { try PolicyDocument($0, as: .identity) }
    }

    private static func context(_ json: JSONValue?) -> [String: [String]] {
        let members = json?.members ?? []
        return Dictionary(
            uniqueKeysWithValues: members.map { ($0.name, ($0.value.array ?? []).compactMap(\.string)) })
    }
}

import FoundationEssentials
import JSON
import PostgreSQL

/// What one check saw, told apart by whom it is for: where an environment takes each person's own credential, what was
/// seen of somebody's key is theirs alone.
struct EnvironmentFindings {
    let forAll: [BatchEnvironment.Finding]
    /// Nil where nobody's own key was looked at.
    let forOne: [BatchEnvironment.Finding]?

    init(_ look: EnvironmentLook) {
        guard look.environment.signer == .automatic, look.person != nil else {
            (forAll, forOne) = (look.findings, nil)
            return
        }
        forAll = look.findings.filter { !$0.isOfKey } + [.anothersKey]
        forOne = look.findings.filter(\.isOfKey)
    }

    static func text(_ findings: [BatchEnvironment.Finding]) -> JSONText {
        JSONText(JSONValue.array(findings.map(\.json)).serialized())
    }
}

extension BatchEnvironment.Finding {
    /// For everybody but whoever asked.
    static let anothersKey = BatchEnvironment.Finding(
        name: identity, ok: true,
        detail: "It was checked with another person’s own key. Yours is checked when you submit.", remedy: nil)
    /// Nobody's key was at hand, and none is needed to look after what there is.
    static let eachOnes = BatchEnvironment.Finding(
        name: identity, ok: true, detail: "Each person’s own credential signs. It is checked when they submit.",
        remedy: nil)
    static let identity = "Identity"

    var json: JSONValue {
        [
            "name": .string(name), "ok": .bool(ok), "detail": .string(detail), "remedy": JSONValue(remedy),
            "policy": JSONValue(policy),
        ]
    }

    fileprivate init(_ item: JSONValue) {
        self.init(
            name: item["name"]?.string ?? "", ok: item["ok"]?.bool ?? false, detail: item["detail"]?.string ?? "",
            remedy: item["remedy"]?.string, policy: item["policy"]?.string)
    }
}

extension BatchEnvironment {
    /// What the asker sees: the environment's own findings, and those of their key; of nobody else's.
    static func seen(_ row: borrowing Row, isAutomatic: Bool) throws -> (findings: [Finding], isHealthy: Bool?) {
        let all = findings(try row.textOptional("findings").flatMap(parsed))
        let healthy: Bool? = try row.value("healthy")
        guard let own = try row.textOptional("own_check").flatMap(parsed) else {
            // Nobody's: by the custodian, or because there was nothing to look with.
            let isOthers = isAutomatic && healthy == true && all.contains { $0.detail == Finding.anothersKey.detail }
            return (all, isOthers ? nil : healthy)
        }
        let mine = findings(own["findings"])
        return (all.filter { $0.name != Finding.identity } + mine, healthy.map { $0 && own["healthy"]?.bool == true })
    }

    private static func parsed(_ text: String) -> JSONValue? { try? JSONValue.parse(Array(text.utf8)) }

    private static func findings(_ value: JSONValue?) -> [Finding] { (value?.array ?? []).map(Finding.init) }
}

extension Connection {
    /// In the worker's transaction, beside what everybody sees.
    mutating func keep(_ findings: [BatchEnvironment.Finding], of look: EnvironmentLook) throws {
        try execute(
            """
            INSERT INTO environment_checks (environment, person, credential, healthy, findings)
            VALUES (\(look.environment.id), \(look.person), \(look.signedWith), \(findings.allSatisfy(\.ok)),
                \(EnvironmentFindings.text(findings)))
            ON CONFLICT (environment, person) DO UPDATE SET credential = excluded.credential, checked_at = now(),
                healthy = excluded.healthy, findings = excluded.findings
            """)
    }
}

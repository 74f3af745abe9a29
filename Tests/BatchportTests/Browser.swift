import Cryptography
import FoundationEssentials
import HTTP
import PostgreSQL

@testable import Batchport

/// A browser without JavaScript: cookies, and forms that come back with what their page gave them.
struct Browser {
    var cookies: [String: String] = [:]
    var line: [(String, String)] {
        [("cookie", cookies.map { $0.key + "=" + $0.value }.joined(separator: "; "))]
    }

    init() {}

    /// Signed in already, with the second factor shown.
    init(_ person: Portal.Person) { cookies["__Host-batchport"] = person.session }

    mutating func get(_ portal: inout Portal, _ path: String) throws -> Answer {
        let answer = try portal.send("GET", path, line)
        take(answer)
        return answer
    }

    /// Sends a form of that page, or of the answer that showed it.
    mutating func post(
        _ portal: inout Portal, _ path: String, _ fields: [(String, String)], from page: Answer
    ) throws -> Answer {
        let token = page.field("form_token") ?? ""
        let text = ([("form_token", token)] + fields).map { percentEncode($0.0) + "=" + percentEncode($0.1) }
        let answer = try portal.send(
            "POST", path, line + [("sec-fetch-site", "same-origin")], body: Array(text.joined(separator: "&").utf8))
        take(answer)
        return answer
    }

    /// The form token of the session, as the pages have it.
    mutating func act(_ portal: inout Portal, _ path: String, _ fields: [(String, String)] = []) throws -> Answer {
        try post(&portal, path, fields, from: try get(&portal, "/settings"))
    }

    mutating func signIn(
        _ portal: inout Portal, _ email: String, _ password: String = Portal.password, next: String? = nil
    ) throws -> Answer {
        let page = try get(&portal, "/sign-in")
        let fields = [("email", email), ("password", password)] + (next.map { [("next", $0)] } ?? [])
        return try post(&portal, "/sign-in", fields, from: page)
    }

    /// The second step, on the page that the first one showed.
    mutating func code(_ portal: inout Portal, _ code: String, _ page: Answer) throws -> Answer {
        let next = page.field("next").map { [("next", $0)] } ?? []
        return try post(
            &portal, "/sign-in/code", next + [("pass", page.field("pass") ?? ""), ("code", code)], from: page)
    }

    mutating func take(_ answer: Answer) {
        for cookie in answer.headers.all("set-cookie") {
            let pair = cookie.split(separator: ";")[0].split(separator: "=", maxSplits: 1)
            cookies[String(pair[0])] = pair.count > 1 ? String(pair[1]) : nil
        }
    }
}

extension Portal {
    /// Gives a person a second factor, as setting one up would.
    func giveFactor(_ person: Person) throws -> [UInt8] {
        let secret = randomBytes(TOTP.secretBytes)
        let sealed = try SecondFactor.seal(secret, of: person.id, site)
        try owner("UPDATE people SET factor = \(sealed), factor_at = now() WHERE id = \(person.id)")
        return secret
    }

    /// The code of now, or of some steps on.
    func code(_ secret: [UInt8], _ steps: Int64 = 0) -> String {
        TOTP.code(secret, step: TOTP.step(at: site.now()) + steps)
    }
}

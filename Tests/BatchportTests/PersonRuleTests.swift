import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// What names and addresses of people may be.
struct PersonRuleTests {
    @Test(arguments: [
        "a b@c", "a,b@c.org", "<b>@x.org", "b@x@y", "@x.org", "b@", "b@x..org", "b@-x.org", "b@x-.org", "b@x_y.org",
        "\u{430}da@example.org", "ada@ex\u{430}mple.org", "a;b@x.org", "a:b@x.org", "\"a\"@x.org", "a(b)@x.org",
        "a[b]@x.org",
        "a\\b@x.org", "a\tb@x.org", "a@x.org\n", "ada@[127.0.0.1]", String(repeating: "a", count: 65) + "@x.org",
    ])
    func noAddress(text: String) {
        #expect(PersonRules.problems(email: text, name: "A").map(\.pointer) == ["/email"])
    }

    @Test(arguments: ["a@localhost", "ada.lovelace+x@sub.example.org", "o'neil@x-y.org", "A_B%c=d@1.example"])
    func anAddress(text: String) { #expect(PersonRules.problems(email: text, name: "A").isEmpty) }

    @Test(arguments: [
        "\u{200B}", "\u{AD}\u{2060}", "\u{3164}", "\u{115F}", "\u{FFA0}", "\u{2800}", "Mia\u{200B}", "Mi\u{200D}a",
        "Mia\u{FE0F}",
        "\u{E0041}b", "a\u{600}", "a\u{180E}b", "\u{200D}",
    ])
    func invisibleNames(text: String) {
        #expect(PersonRules.problems(email: "a@x.org", name: text).map(\.pointer) == ["/name"])
    }

    @Test(arguments: [
        "Zoë", "李小龍", "\u{1F469}\u{200D}\u{1F52C} Mia \u{2764}\u{FE0F}", "\u{0645}\u{06CC}\u{200C}\u{062E}", "O'Neil-Å",
    ])
    func visibleNames(text: String) { #expect(PersonRules.problems(email: "a@x.org", name: text).isEmpty) }

    /// Where a name is asked for, it is by that rule.
    @Test func holdsWhereverANameIsTyped() throws {
        var portal = try Portal()
        var admin = Browser(portal.admin)
        let name = "x\u{200B}"
        for (path, field) in [
            ("/admin/teams", "name"), ("/settings/name", "name"), ("/tokens", "name"),
        ] {
            #expect(try admin.act(&portal, path, [(field, name)]).status == 422, "\(path)")
        }
        #expect(try portal.count("SELECT count(*) FROM teams") == 0)
    }

    /// Whoever has such an address from earlier days signs in.
    @Test func oldAddressesAreNotShutOut() throws {
        var portal = try Portal()
        try portal.owner("UPDATE people SET email = 'a b@c' WHERE id = \(portal.member.id)")
        var browser = Browser()
        #expect(try browser.signIn(&portal, "a b@c").status == 303)
    }
}

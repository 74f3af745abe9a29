import Batchport
import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import TestSupport
import Testing

/// What people and programs write is never markup (trust.md S15, S44, S46 to S48), wherever it is shown.
struct EscapingTests {
    static let payloads = [
        "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "'><svg onload=alert(1)>",
        "</title><script>1</script>",
        "</textarea><script>1</script>", "javascript:alert(1)", "<!--", "]]>", "&lt;b&gt;", "{{7*7}}", "${7*7}",
        "<a href=\"javascript:1\">x</a>", "=cmd|'/c calc'!A0", "\u{2028}<b>", "<iframe srcdoc='<script>1</script>'>",
    ]

    /// Tags and attributes that only such a text could have brought.
    private func isClean(_ html: String, _ payload: String) -> Bool {
        let tags = [
            "<script>", "<img src=x", "<svg onload", "<iframe", "<a href=\"javascript", "onerror=alert(1)>", "<!--",
        ]
        return tags.allSatisfy { !html.contains($0) } && (payload == "&lt;b&gt;" || !html.contains("<b>\u{2028}"))
    }

    @Test func everyPageShowsItAsText() throws {
        var portal = try Portal()
        for payload in Self.payloads where TextRules.isPlain(payload) {
            let job = try portal.submitted([
                "name": .string(payload), "code": ["language": "shell", "source": .string(payload)],
                "env": ["A": .string(payload)], "tags": .object([.init(payload, .string(payload))]),
            ])
            try fill(job, payload, portal)
            let id = job.uuidString.lowercased()
            for path in [
                "/jobs", "/jobs/\(id)", "/jobs/\(id)/log", "/jobs/\(id)/log?q=\(percentEncode(payload))",
                "/jobs/\(id)/outputs",
                "/jobs/\(id)/abort", "/jobs/new?from=\(id)", "/jobs?q=\(percentEncode(payload))",
                "/jobs/new?name=\(percentEncode(payload))&source=\(percentEncode(payload))&memory=\(percentEncode(payload))",
                "/sign-in?next=\(percentEncode("/" + payload))",
            ] {
                let answer = try portal.page(path)
                // A search may name a key that there is none of.
                let isRefused = answer.status == 400 && path.hasPrefix("/jobs?q=")
                #expect([200, 303].contains(answer.status) || isRefused, "\(path): \(answer.status)")
                #expect(isClean(answer.text, payload), "\(path) \(payload)")
                #expect(
                    answer.headers.first("content-security-policy")?.hasPrefix("default-src 'none'; script-src 'self'")
                        == true)
            }
        }
    }

    private func fill(_ job: UUID, _ payload: String, _ portal: borrowing Portal) throws {
        try portal.worker([
            """
            UPDATE jobs SET phase = 'sent', provider_job_id = \(payload), status = 'Failed', status_reason = \(payload),
                capture = 'partial', capture_detail = \(payload), exit_code = 1, started_at = now(), stopped_at = now(),
                stop_requested_at = now(), stop_reason = \(payload) WHERE id = \(job)
            """,
            "INSERT INTO attempts (job, n, exit_code, reason, status_reason) VALUES (\(job), 1, 1, \(payload), \(payload))",
            "INSERT INTO status_changes (job, status, at, source, reason) VALUES (\(job), 'Failed', now(), 'poll', \(payload))",
            "INSERT INTO logs (job, attempt, stream, lines, complete) VALUES (\(job), 1, 's', 1, true)",
            "INSERT INTO log_chunks VALUES (\(job), 1, 1, 1, ARRAY[0::bigint], \(payload))",
            "INSERT INTO results (job, value) VALUES (\(job), \(Array(JSONValue.string(payload).text.utf8)))",
        ])
        try portal.addOutput(job, payload.replacing("/", with: "_") + ".csv", preview: "a,\(payload)\n\(payload),2\n")
        try portal.addOutput(job, payload.replacing("/", with: "_") + ".txt", type: payload, preview: payload)
    }

    /// Escape sequences become classes of a fixed set or nothing; control characters are gone, reordering is marked.
    @Test(arguments: [
        ("\u{1B}[31mred\u{1B}[0m plain", "<span class=\"fg1\">red</span> plain"),
        ("\u{1B}[1;4;92mx", "<span class=\"fg10 b u\">x</span>"), ("\u{1B}]0;title\u{7}after", "after"),
        ("\u{1B}]8;;http://evil\u{1B}\\link", "\\link"), ("\u{1B}Pq#0\u{9C}x", "x"), ("\u{9B}31mx", "31mx"),
        ("10 %\r50 %\r100 %", "100 %"), ("a\u{202E}b", "a\u{FFFD}b"), ("a\u{0}\u{8}\u{7F}b", "ab"), ("a\tb", "a\tb"),
        ("\u{1B}[38;2;1;2;3mx", "x"), ("\u{1B}[38;5;9mx", "<span class=\"fg9\">x</span>"),
        ("\u{1B}[999999999999m<", "&lt;"), ("\u{1B}", ""),
    ])
    func logLines(line: String, shown: String) throws {
        var portal = try Portal()
        let job = try portal.submitted()
        try portal.worker([
            "INSERT INTO logs (job, attempt, stream, lines, complete) VALUES (\(job), 1, 's', 1, true)",
            "INSERT INTO log_chunks VALUES (\(job), 1, 1, 1, ARRAY[0::bigint], \(line.replacing("\0", with: "")))",
        ])
        let page = try portal.page("/jobs/\(job.uuidString)/log").text
        let start = try #require(page.firstRange(of: "<samp>"))
        let end = try #require(page.firstRange(of: "</samp>"))
        #expect(String(page[start.upperBound..<end.lowerBound]) == shown)
    }

    /// As text it may be printed: nothing in it reaches the terminal. As JSON it is what the job wrote.
    @Test(arguments: [
        ("\u{1B}]52;c;cm0gLXJm\u{7}after", "]52;c;cm0gLXJmafter"), ("\u{1B}[31mred\u{1B}[0m plain", "red plain"),
        ("\u{9B}2Jx\u{9D}0;t\u{9C}", "2Jx0;t"), ("safe\rrm", "saferm"),
        ("a\u{202E}b\u{2066}", "a\u{FFFD}b\u{FFFD}"),
        ("\u{1B}[999", "[999"), ("\u{1B}[?25l", ""), ("\u{1B}", ""), ("a\tb\u{8}\u{7F}ü", "a\tbü"),
        ("\u{1B}\u{1B}[mx", "x"),
        ("\u{1B}[1\u{1B}]x", "[1]x"), ("e\u{301}\u{1B}c", "e\u{301}c"),
    ])
    func logAsText(line: String, printed: String) throws {
        var portal = try Portal()
        let job = try portal.submitted()
        try portal.worker([
            "INSERT INTO logs (job, attempt, stream, lines, complete) VALUES (\(job), 1, 's', 2, true)",
            "INSERT INTO log_chunks VALUES (\(job), 1, 1, 2, ARRAY[0::bigint, 0::bigint], \(line + "\nend"))",
        ])
        let path = "/jobs/\(job.uuidString)/log"
        #expect(try portal.api("GET", path, nil, as: nil, [("accept", "text/plain")]).text == printed + "\nend\n")
        #expect(try portal.page(path + "/raw").text == printed + "\nend\n")
        #expect(try portal.api("GET", path).json["lines"]?[0]?["text"]?.string == line)
    }

    @Test func headersHoldNoLineOfTheirOwn() throws {
        var portal = try Portal()
        let answer = try portal.send("GET", "/jobs\r\nSet-Cookie:a=b?x=%0d%0aY")
        #expect(answer.headers.fields.allSatisfy { !$0.value.contains("\n") && !$0.value.contains("\r") })
    }
}

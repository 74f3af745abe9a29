import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// What is quoted on the search line is text.
struct JobSearchTests {
    private func names(_ line: String, _ portal: inout Portal) throws -> [String] {
        let answer = try portal.api("GET", "/jobs?q=" + percentEncode(line))
        #expect(answer.status == 200, "\(line): \(answer.text)")
        return (answer.json["items"]?.array ?? []).compactMap { $0["jobName"]?.string }
    }

    @Test func findsWhatIsQuoted() throws {
        var portal = try Portal()
        _ = try portal.submitted(["name": "x:y", "tags": ["a b": "c d", "k": "v:w"]])
        _ = try portal.submitted(["name": "status:failed", "tags": ["a b": "other", "n:o": "p", "q,r": ""]])
        _ = try portal.submitted(["name": #"-dash "quoted" \ name"#])
        let expected: [(line: String, found: [String])] = [
            (#""x:y""#, ["x:y"]), (#""status:failed""#, ["status:failed"]), (#""-dash""#, [#"-dash "quoted" \ name"#]),
            (#""\"quoted\" \\""#, [#"-dash "quoted" \ name"#]), (#"-"x:y" -"-dash""#, ["status:failed"]),
            (#"tag:"a b:c d""#, ["x:y"]), (#"tag:"a b""#, ["status:failed", "x:y"]), (#"tag:"a b":"c d""#, ["x:y"]),
            (#"-tag:"a b""#, [#"-dash "quoted" \ name"#]), (#"tag:"a b:c d",k:z"#, ["x:y"]),
            (#"tag:"n:o":p"#, ["status:failed"]), (#"tag:"q,r""#, ["status:failed"]), ("tag:k:v:w", ["x:y"]),
            (#"tag:k:"v:w" "x:y""#, ["x:y"]), (#"env:"local" "x:y""#, ["x:y"]),
            // One that is closed by none, or stands within a word, is a character of the name.
            (#""quoted"#, [#"-dash "quoted" \ name"#]), (#"quoted" \"#, [#"-dash "quoted" \ name"#]), (#""""#, []),
        ]
        for (line, found) in expected { #expect(try names(line, &portal) == found, "\(line)") }
    }

    @Test func whatIsNotQuotedIsToldHowToBeFound() throws {
        var portal = try Portal()
        let answer = try portal.api("GET", "/jobs?q=x:y")
        #expect(answer.status == 400 && answer.text.contains("In double quotes"))
    }

    /// The parameter and the search line take the words of both.
    @Test func settledIsYesOrTrue() throws {
        var portal = try Portal()
        let done = try portal.submitted(["name": "done"])
        _ = try portal.submitted(["name": "queued"])
        try portal.worker(["UPDATE jobs SET phase = 'neverSent', settled_at = now() WHERE id = \(done)"])
        for word in ["yes", "true"] {
            #expect(try names("settled:" + word, &portal) == ["done"])
            #expect(try portal.api("GET", "/jobs?settled=" + word).json["items"]?.array?.count == 1)
        }
        for word in ["no", "false"] {
            #expect(try names("settled:" + word, &portal) == ["queued"])
            #expect(try portal.api("GET", "/jobs?settled=" + word).json["items"]?[0]?["jobName"] == "queued")
        }
    }
}

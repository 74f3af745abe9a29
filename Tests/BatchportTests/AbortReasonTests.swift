import FoundationEssentials
import JSON
import Testing

@testable import Batchport

/// A reason is optional: where none was given, nothing is said of one.
struct AbortReasonTests {
    @Test func awsIsToldWhoAndWhy() {
        #expect(Abort.words(by: "Ada", reason: "seen enough") == "Terminated by Ada via Batchport: seen enough")
        #expect(Abort.words(by: "Ada", reason: "") == "Terminated by Ada via Batchport")
        #expect(Abort.words(by: "Ada", reason: "  ") == "Terminated by Ada via Batchport")
    }

    @Test func theAPISaysNullWhereNoneWasGiven() throws {
        var portal = try Portal()
        let job = try portal.submitted().uuidString
        #expect(try portal.api("POST", "/jobs/\(job)/abort").status == 202)
        let stop = try portal.api("GET", "/jobs/\(job)").json["stop"]
        #expect(stop?["by"]?.string == portal.member.name && stop?["reason"] == .null)
    }
}

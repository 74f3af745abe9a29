import FoundationEssentials
import JSON
import PostgreSQL
import TestSupport
import Testing

/// What an evaluation came to, as its properties say it (jobs.md "Properties").
struct EvaluationTests {
    private static let wolfram: JSONValue = [
        "code": ["language": "wolfram", "source": "Print[1/0]; x^2"], "resultFormat": "inputForm",
    ]
    private static let outcome = """
        {"version": 1, "exitCode": 0, "cpuMilliseconds": 1500, "elapsedMilliseconds": 2500, "messages": ["a note"],
         "evaluation": {"success": false, "messages": ["Power::infy: Infinite expression 1 / 0 encountered."],
             "inputForm": "x^2"}}
        """

    private func ended(_ portal: inout Portal, _ changes: JSONValue, _ outcome: String, value: String) throws -> String
    {
        try portal.owner("UPDATE environments SET languages = '{wolfram,python}'")
        let job = try portal.submitted(changes)
        try portal.worker([
            """
            UPDATE jobs SET phase = 'sent', provider_job_id = 'p', status = 'Succeeded', exit_code = 0, settled_at = now(),
                outcome = \(outcome)::text::jsonb WHERE id = \(job)
            """,
            "INSERT INTO results (job, value) VALUES (\(job), \(Array(value.utf8)))",
        ])
        return job.uuidString
    }

    /// The value, and what it is.
    private func result(_ job: String, _ portal: inout Portal) throws -> [String?] {
        let answer = try portal.api("GET", "/jobs/\(job)/result").json
        return [answer["value"]?.string, answer["format"]?.string]
    }

    @Test func aKernelsRecordIsInTheData() throws {
        var portal = try Portal()
        let job = try ended(&portal, Self.wolfram, Self.outcome, value: "\"x^2\"")
        func property(_ name: String) throws -> JSONValue? {
            try portal.api("GET", "/jobs/\(job)/properties/\(name)").json["value"]
        }
        let data = try property("EvaluationData")
        #expect(data?["evaluation"]?["inputForm"] == "x^2" && data?["evaluation"]?["success"] == false)
        #expect(data?["result"] == "x^2" && data?["exitCode"] == 0 && data?["outputs"] == nil)
        let messages: JSONValue = ["Power::infy: Infinite expression 1 / 0 encountered."]
        #expect(try property("EvaluationMessagesText") == messages)
        #expect(try property("EvaluationMessagesExpressions") == messages)
        #expect(try property("EvaluationTiming")?.text == "1.5")
        #expect(try result(job, &portal) == ["x^2", "inputForm"])
        #expect(try portal.api("GET", "/jobs/\(job)/submission").json["resultFormat"] == "inputForm")
    }

    @Test func aStringIsNotTakenForInputForm() throws {
        var portal = try Portal()
        let outcome = Self.outcome.replacing("\"x^2\"", with: #""\"x^2\"""#)
        let changes: JSONValue = ["code": ["language": "wolfram", "source": "\"x^2\""]]
        let job = try ended(&portal, changes, outcome, value: "\"x^2\"")
        #expect(try result(job, &portal) == ["x^2", "json"])
        // A value that has no JSON comes as its InputForm, and says so.
        try portal.owner("UPDATE jobs SET outcome = jsonb_set(outcome, '{evaluation,inputForm}', '\"x^2\"')")
        #expect(try result(job, &portal) == ["x^2", "inputForm"])
    }

    @Test func withoutAKernelTheMessagesAreTheRunners() throws {
        var portal = try Portal()
        let outcome = #"{"messages": ["The file x was left out."], "cpuMilliseconds": 1}"#
        let job = try ended(&portal, [:], outcome, value: "1")
        let messages = try portal.api("GET", "/jobs/\(job)/properties/EvaluationMessagesText").json
        #expect(messages["value"] == ["The file x was left out."])
        let expressions = try portal.api("GET", "/jobs/\(job)/properties/EvaluationMessagesExpressions").json
        #expect(expressions["missing"]?["cause"] == "notApplicable")
    }

    @Test func anArraysComeChildByChild() throws {
        var portal = try Portal()
        let job = try portal.submitted([
            "jobType": "Array", "elements": [1, 2, 3], "method": ["childJobs": 3],
            "code": ["language": "python", "source": "def f(x): return x"],
        ])
        try portal.worker([
            """
            UPDATE jobs SET phase = 'sent', provider_job_id = 'p', status = 'Failed', status_source = 'poll',
                settled_at = now() WHERE id = \(job)
            """,
            """
            UPDATE children SET status = CASE k WHEN 2 THEN 'Failed' ELSE 'Succeeded' END, capture = 'complete',
                outcome = CASE WHEN k < 2 THEN
                    jsonb_build_object('cpuMilliseconds', 500 * k, 'elapsedMilliseconds', 1000 * k, 'exitCode', 0) END
            WHERE job = \(job)
            """,
            "INSERT INTO result_chunks (job, chunk, lines) VALUES (\(job), 0, \("1=7\n1=8\n"))",
        ])
        func items(_ name: String) throws -> JSONValue? {
            try portal.api("GET", "/jobs/\(job.uuidString)/properties/\(name)").json["value"]?["items"]
        }
        #expect(try items("EvaluationResults")?[1] == ["index": 1, "value": 8])
        #expect(try items("EvaluationResults")?[2]?["missing"]?["cause"] == "failed")
        #expect(try items("ChildJobEvaluationData")?[1]?["exitCode"] == 0)
        #expect(try items("ChildJobEvaluationTimings")?[1]?.text == "0.5")
        #expect(try items("ChildJobEvaluationAbsoluteTimings")?[1]?.double == 1)
        for name in ["ChildJobEvaluationData", "ChildJobEvaluationTimings", "ChildJobEvaluationAbsoluteTimings"] {
            #expect(try items(name)?[2]?["missing"]?["cause"] == "notProvided", "\(name)")
        }
    }
}

import Batchport
import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import TestSupport
import Testing

/// What a job's page and the API say in each state, and why it died.
struct JobPageTests {
    /// The worker's words, then what the page must say and the API's verdict.
    static let endings: [(reason: String?, code: Int?, attempt: String?, cause: String, line: String)] = [
        (
            "Essential container in task exited", 137, "OutOfMemoryError: Container killed due to memory usage",
            "outOfMemory", "killed at its memory limit, 2,048 MiB"
        ),
        ("Essential container in task exited", 7, nil, "exitCode", "ended with exit code 7"),
        ("Essential container in task exited", 137, nil, "killed", "AWS does not say why"),
        ("Job attempt duration exceeded timeout", 143, nil, "timedOut", "time limit of 3,600 seconds"),
        ("Terminated by Mia via Batchport: enough", 143, nil, "aborted", "aborted it"),
        ("Host EC2 (instance i-0c9e2f7a41d3b8e60) terminated.", nil, nil, "hostLost", "went away"),
        (
            "CannotPullContainerError: no such image", nil, "CannotPullContainerError: no such image", "imageNotPulled",
            "could not be pulled"
        ),
        (nil, nil, nil, "other", "AWS says that it failed"),
    ]

    /// A job with that end.
    static func ended(
        _ ending: (reason: String?, code: Int?, attempt: String?, cause: String, line: String), _ portal: inout Portal
    ) throws -> UUID {
        let job = try portal.submitted()
        if ending.cause == "aborted" {
            _ = try portal.api("POST", "/jobs/\(job.uuidString)/abort", ["reason": "enough"])
        }
        try portal.worker([
            """
            UPDATE jobs SET phase = 'sent', provider_job_id = id::text, status = 'Failed', status_source = 'poll',
                status_since = now(), status_reason = \(ending.reason), container_reason = \(ending.attempt),
                exit_code = \(ending.code)::int, started_at = now(), stopped_at = now(), settled_at = now(),
                capture = 'complete' WHERE id = \(job)
            """,
            """
            INSERT INTO attempts (job, n, exit_code, reason, status_reason)
            VALUES (\(job), 1, \(ending.code)::int, \(ending.attempt), \(ending.reason))
            """,
        ])
        return job
    }

    @Test func tellsWhyItDied() throws {
        var portal = try Portal()
        for ending in Self.endings {
            let job = try Self.ended(ending, &portal)
            let json = try portal.api("GET", "/jobs/\(job.uuidString)").json
            #expect(json["verdict"]?["cause"]?.string == ending.cause, "\(ending)")
            #expect(json["jobFailed"]?.bool == true && json["jobInProgress"]?.bool == false)
            #expect(json["missing"]?["jobExitCode"]?["cause"]?.string == (ending.code == nil ? "notProvided" : nil))
            let page = try portal.page("/jobs/\(job.uuidString)").text
            #expect(page.contains(ending.line) && page.contains("<title>Failed – fit"), "\(ending)")
            if ending.cause == "outOfMemory" { #expect(page.contains("Run again with 3,072 MiB")) }
        }
    }

    @Test func eachPhaseSaysItsSourceAndItsMissingValues() throws {
        var portal = try Portal()
        let phases: [(phase: String, word: String, cause: String, progress: Bool, failed: Bool)] = [
            ("held", "Held", "notStarted", true, false), ("queued", "Queued", "notStarted", true, false),
            ("sending", "Sending", "notStarted", true, false), ("checking", "Checking", "notStarted", true, false),
            ("refused", "Refused", "failed", false, true), ("neverSent", "Never sent", "neverSent", false, true),
            ("lost", "Lost", "lost", false, false),
        ]
        for phase in phases {
            let job = try portal.submitted()
            try portal.worker([
                "UPDATE jobs SET phase = \(phase.phase), phase_reason = 'because of 4711', intent_at = now() WHERE id = \(job)"
            ])
            let json = try portal.api("GET", "/jobs/\(job.uuidString)").json
            #expect(json["displayStatus"]?.string == phase.word && json["displaySource"]?.string == "batchport")
            #expect(json["jobStatus"] == .null)
            #expect(json["missing"]?["jobStatus"]?["cause"]?.string == phase.cause, "\(phase)")
            #expect(
                json["jobInProgress"]?.bool == phase.progress && json["jobFailed"]?.bool == phase.failed, "\(phase)")
            #expect(json["jobSucceeded"]?.bool == false)
            let page = try portal.page("/jobs/\(job.uuidString)").text
            #expect(page.contains("Batchport’s word") && page.contains("class=\"state plate ours\""), "\(phase)")
            // Sending is being tried just now: what was in its way is over.
            #expect(phase.phase == "sending" || page.contains("because of 4711"), "\(phase)")
        }
    }

    /// Whoever may no longer use its environment is not led there.
    @Test func leadsToItsEnvironmentWhileThatIsThere() throws {
        var portal = try Portal()
        let path = "/jobs/\(try portal.submitted().uuidString.lowercased())"
        let link = "<dd><a href=\"/environments/\(portal.environment.uuidString.lowercased())\">local</a></dd>"
        #expect(try portal.page(path).text.contains(link))
        try portal.owner("DELETE FROM environment_grants")
        let page = try portal.page(path).text
        #expect(!page.contains(link) && page.contains("<dd>local</dd>"))
    }

    @Test func abortingAsksFirstAndOnlyOnce() throws {
        var portal = try Portal()
        let job = try portal.submitted()
        let path = "/jobs/\(job.uuidString.lowercased())"
        #expect(try portal.page(path).text.contains("href=\"\(path)/abort\""))
        let asking = try portal.page(path + "/abort")
        let token = try #require(asking.field("form_token"))
        #expect(
            try portal.form(path + "/abort", [("form_token", token), ("reason", String(repeating: "x", count: 257))])
                .status == 422)
        let answer = try portal.form(path + "/abort", [("form_token", token), ("reason", "seen enough")])
        #expect(answer.status == 303 && answer.headers.first("location") == path)
        #expect(try portal.api("POST", path + "/abort", ["reason": "again"]).status == 202)
        #expect(try portal.api("POST", path + "/abort").status == 202)
        #expect(
            try portal.api("POST", "/aborts", ["jobs": [.string(job.uuidString), "none"]]).json["items"]?.array?.map {
                $0["outcome"]?.string
            } == ["alreadyRequested", "notFound"])
        #expect(try portal.count("SELECT count(*) FROM tasks WHERE kind = 'stop'") == 1)
        #expect(try portal.count("SELECT count(*) FROM audit WHERE action = 'job.abort'") == 1)
        let stop = try portal.api("GET", path).json["stop"]
        #expect(stop?["by"]?.string == portal.member.name && stop?["reason"]?.string == "seen enough")
        #expect(try portal.page(path).text.contains("asked to stop it"))
    }

    @Test func everyPropertyHasItsNameAndAValueOrACause() throws {
        var portal = try Portal()
        let job = try portal.submitted()
        let names = [
            "Environment", "JobFailedQ", "JobInProgressQ", "JobName", "JobStatus", "JobStatusReason", "JobSucceededQ",
            "JobType",
            "JobUUID", "Provider", "ProviderJobID", "ProviderSettings", "TimeConstraint", "JobExitCode", "JobLog",
            "JobInputFilenames", "EvaluationResult", "EvaluationData", "EvaluationTiming", "EvaluationAbsoluteTiming",
            "EvaluationMessagesText", "EvaluationMessagesExpressions", "ChildJobCount", "EvaluationResults",
        ]
        for name in names {
            let answer = try portal.api("GET", "/jobs/\(job.uuidString)/properties/\(name)")
            #expect(answer.status == 200 && answer.json["name"]?.string == name)
            #expect((answer.json["value"] == nil) != (answer.json["missing"] == nil), "\(name)")
        }
        #expect(
            try portal.api("GET", "/jobs/\(job.uuidString)/properties/ChildJobCount").json["missing"]?["cause"]?.string
                == "notApplicable")
        #expect(try portal.api("GET", "/jobs/\(job.uuidString)/properties/jobstatus").status == 404)
        try portal.worker([
            """
            UPDATE jobs SET phase = 'sent', provider_job_id = 'p', status = 'Succeeded', exit_code = 0, settled_at = now(),
                outcome = '{"cpuMilliseconds": 1500, "elapsedMilliseconds": 2500, "messages": ["a"]}'
            """
        ])
        #expect(try portal.api("GET", "/jobs/p/properties/EvaluationTiming").json["value"]?.text == "1.5")
        #expect(try portal.api("GET", "/jobs/p/properties/EvaluationAbsoluteTiming").json["value"]?.text == "2.5")
        #expect(try portal.api("GET", "/jobs/p/properties/JobExitCode").text == #"{"name":"JobExitCode","value":0}"#)
    }

    @Test func reloadsOnlyWhereAskedAndStopsBySettling() throws {
        var portal = try Portal()
        let job = try portal.submitted()
        let path = "/jobs/\(job.uuidString)"
        #expect(try portal.page(path).headers.first("refresh") == nil)
        #expect(try portal.page(path + "?refresh=15").headers.first("refresh") == "15")
        #expect(try portal.page(path + "?refresh=0").headers.first("refresh") == nil)
        #expect(try portal.page("/jobs?q=fit&refresh=15").text.contains("href=\"/jobs?q=fit\">stop</a>"))
        try portal.worker(["UPDATE jobs SET phase = 'refused', settled_at = now()"])
        #expect(try portal.page(path + "?refresh=15").headers.first("refresh") == nil)
        #expect(try !portal.page(path).text.contains("data-moving"))
    }

    @Test func aThemeIsKeptAndRendered() throws {
        var portal = try Portal()
        let token = try portal.formToken()
        let answer = try portal.form("/theme", [("form_token", token), ("theme", "dark"), ("next", "/tokens")])
        #expect(answer.headers.first("location") == "/tokens")
        #expect(answer.headers.first("set-cookie")?.hasPrefix("__Host-batchport-theme=dark; Path=/; Secure") == true)
        let session = "__Host-batchport=" + portal.member.session
        #expect(
            try portal.send("GET", "/jobs", [("cookie", session + "; __Host-batchport-theme=dark")]).text.contains(
                "<html lang=\"en\" data-theme=\"dark\">"))
        #expect(
            try portal.send("GET", "/jobs", [("cookie", session + "; __Host-batchport-theme=\"><b>")]).text.contains(
                "<html lang=\"en\">"))
    }
}

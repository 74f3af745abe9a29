import Batchport
import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import Testing

/// An environment whose definition does not say that its image has the runner: commands only, and the form says why.
struct WithoutRunnerTests {
    private func portal() throws -> Portal {
        let portal = try Portal()
        try portal.owner("UPDATE environments SET definition = definition - 'tags'")
        return portal
    }

    private static let command: JSONValue = ["language": "command", "argv": ["ls"]]

    @Test func refusesWhatNothingThereTakes() throws {
        var portal = try portal()
        let code: JSONValue = ["code": Self.command]
        #expect(try portal.submit(portal.submission(code)).status == 201)
        let files: JSONValue = ["code": Self.command, "inputFiles": ["a": ["base64": "eA=="]]]
        let answer = try portal.submit(portal.submission(files))
        #expect(answer.status == 422 && answer.pointers == ["/inputFiles"], "\(answer.text)")
        #expect(answer.text.contains("batchport:runner=1"))
        let checked = try portal.api("POST", "/jobs?validateOnly=true", portal.submission(files))
        #expect(checked.status == 422 && checked.pointers == ["/inputFiles"])
        #expect(try portal.submit(portal.submission()).pointers == ["/code/language"])
        let map: JSONValue = ["code": Self.command, "jobType": "Array", "elements": [1, 2]]
        #expect(try portal.submit(portal.submission(map)).pointers == ["/jobType"])
    }

    @Test func theFormOffersACommandAndSaysWhyNoMore() throws {
        var portal = try portal()
        let page = try portal.page("/jobs/new?environment=local").text
        #expect(page.contains("name=\"argv\"") && page.contains("value=\"command\" checked"))
        for field in ["source", "inputFiles", "elements", "jobType"] {
            #expect(!page.contains("name=\"\(field)\""), "\(field)")
        }
        #expect(page.contains("fetches input files") && page.contains("call for each element"))
        // What was typed before that was known is still there.
        let typed = try portal.page("/jobs/new?environment=local&source=print&jobType=Array&elements=1").text
        #expect(typed.contains(">\nprint</textarea>") && typed.contains(">\n1</textarea>"))
    }

    @Test func noPlaceClaimsOtherLanguages() throws {
        var portal = try portal()
        let path = "/environments/\(portal.environment.uuidString)"
        let json = try portal.api("GET", path).json
        #expect(json["languages"] == ["command"] && json["declaredLanguages"] == ["python", "shell", "command"])
        #expect(json["hasRunner"] == false)
        #expect(try portal.api("GET", "/environments").json["items"]?[0]?["languages"] == ["command"])
        let page = try portal.page(path.lowercased()).text
        #expect(page.contains("no other language can be sent") && !page.contains("Python"))
        #expect(!(try portal.page("/environments").text.contains("Python")))
    }

    @Test func noOutputsAreSaidToBeCapturedWhole() throws {
        var portal = try portal()
        let job = try portal.submitted(["code": Self.command])
        try portal.worker([
            """
            UPDATE jobs SET phase = 'sent', provider_job_id = 'aws', status = 'Succeeded', capture = 'complete',
                settled_at = now() WHERE id = \(job)
            """
        ])
        let outputs = try portal.api("GET", "/jobs/\(job.uuidString)/outputs").json
        #expect(outputs["capture"]?["state"] == "notApplicable" && outputs["items"] == [])
        let page = try portal.page("/jobs/\(job.uuidString.lowercased())").text
        #expect(page.contains("The image has no runner") && !page.contains("The code wrote no file"))
    }
}

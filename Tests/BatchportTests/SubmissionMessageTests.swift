import Batchport
import FoundationEssentials
import HTTP
import JSON
import Testing

/// Faults of a submission are told all at once, each at its place, in words that say what to change.
struct SubmissionMessageTests {
    private func errors(_ changes: JSONValue, _ portal: inout Portal) throws -> [String: (code: String, words: String)]
    {
        let answer = try portal.submit(portal.submission(changes))
        let found = (answer.json["errors"]?.array ?? []).map { error in
            (
                error["pointer"]?.string ?? "",
                (code: error["code"]?.string ?? "", words: error["message"]?.string ?? "")
            )
        }
        return Dictionary(found) { first, _ in first }
    }

    private static let code: JSONValue = ["language": "python", "source": "def f(x): return x"]

    @Test func theMethodIsLookedAtWhateverTheListIs() throws {
        var portal = try Portal()
        for elements in [[], .null] as [JSONValue] {
            let found = try errors(
                ["jobType": "Array", "code": Self.code, "elements": elements, "method": ["childJobs": 0]], &portal)
            #expect(Set(found.keys) == ["/elements", "/method/childJobs"])
        }
        let empty = try errors(["jobType": "Array", "code": Self.code, "elements": []], &portal)
        #expect(empty["/elements"]?.code == "empty")
    }

    @Test func aTypeThatIsNoneIsOneFault() throws {
        var portal = try Portal()
        let found = try errors(
            ["jobType": "array", "code": Self.code, "elements": [1], "method": ["childJobs": 1]], &portal)
        #expect(Array(found.keys) == ["/jobType"])
    }

    @Test func tagsAndVariablesAreNamed() throws {
        var portal = try Portal()
        #expect(try errors(["tags": ["good": "", "aws:x": ""]], &portal)["/tags"]?.words.contains("“aws:x”") == true)
        #expect(
            try errors(["env": ["OK": "a\0b"]], &portal)["/env"]?.words == "The variable OK holds a NUL character.")
    }

    @Test func quantitiesSayWhatTheyMayBe() throws {
        var portal = try Portal()
        let found = try errors(["settings": ["vcpuCount": 1.5.json, "gpuCount": "x", "memory": "8 XB"]], &portal)
        #expect(found["/settings/vcpuCount"]?.words == "VCPUCount must be Inherited or a whole number.")
        #expect(found["/settings/gpuCount"]?.words == "GPUCount must be Inherited or a whole number.")
        let memory = found["/settings/memory"]?.words ?? ""
        #expect(memory.contains("8 GiB") && memory.contains("512 MiB") && memory.contains("MiB."))
        let time = try errors(["timeConstraint": 60.5.json], &portal)
        #expect(time["/timeConstraint"]?.words == "This must be a whole number, not 60.5.")
        let upload = try errors(["jobType": "Array", "code": Self.code, "elements": ["upload": "nope"]], &portal)
        #expect(upload["/elements"]?.words.contains("“nope”") == true)
    }

    @Test func anUploadsNameIsItsOwnField() throws {
        var portal = try Portal()
        let answer = try portal.api("POST", "/uploads", ["environment": "local", "name": "../x", "size": 1])
        #expect(answer.status == 422 && answer.pointers == ["/name"])
    }
}

extension Double {
    fileprivate var json: JSONValue { JSONValue(self) }
}

import FoundationEssentials
import JSON
import PostgreSQL
import Testing

@testable import Batchport

/// The values in effect, where they come from, and AWS's own rules about them (jobs.md "Settings").
struct SettingsTests {
    private func fargate(_ portal: borrowing Portal, vcpus: String, memory: Int, gpus: Int = 0) throws {
        let needs: [JSONValue] = [
            ["type": "VCPU", "value": .string(vcpus)], ["type": "MEMORY", "value": .string(String(memory))],
        ]
        let gpu: [JSONValue] = gpus > 0 ? [["type": "GPU", "value": .string(String(gpus))]] : []
        let definition: JSONValue = [
            "containerProperties": ["image": "x", "resourceRequirements": .array(needs + gpu)],
            "platformCapabilities": ["FARGATE"], "tags": ["batchport:runner": "1"],
        ]
        try portal.owner(
            """
            UPDATE environments SET definition = \(JSONText(definition.serialized())), max_vcpus = 16,
                max_memory_mib = 122880
            """)
    }

    private func effective(_ settings: JSONValue, _ portal: inout Portal, time: JSONValue = .null) throws -> JSONValue {
        let body = portal.submission(["settings": settings, "timeConstraint": time])
        let answer = try portal.api("POST", "/jobs?validateOnly=true", body)
        return answer.status == 200 ? answer.json["effective"] ?? nil : answer.json["errors"] ?? nil
    }

    @Test func fargatesAutomaticMemoryGoesUpToItsNextStep() throws {
        var portal = try Portal()
        for (vcpus, memory, asked, value, from) in [
            ("0.25", 512, "Inherited", 2048, 2048 as Int?), ("0.25", 600, "Inherited", 2048, 2048),
            ("1", 2048, "Inherited", 2048, nil), ("2", 4096, "4", 8192, 8192), ("4", 9000, "Inherited", 9216, 9000),
            ("8", 17_000, "Inherited", 20480, 17_000), ("16", 33_000, "Inherited", 40960, 33_000),
        ] {
            try fargate(portal, vcpus: vcpus, memory: memory)
            let found = try effective(["vcpuCount": .string(asked)], &portal)
            #expect(found["memory"]?["value"]?.integer == value, "\(vcpus) \(memory): \(found.text)")
            let rounded = from == value ? nil : from
            #expect(found["memory"]?["roundedFrom"]?.integer == rounded, "\(vcpus) \(memory): \(found.text)")
            #expect(found["platform"]?.string == "FARGATE")
        }
    }

    @Test func fargateTakesOnlyItsOwnPairs() throws {
        var portal = try Portal()
        try fargate(portal, vcpus: "1", memory: 2048)
        for (settings, pointer, limit) in [
            (["vcpuCount": 3], "/settings/vcpuCount", nil as Int?), (["memory": 2049], "/settings/memory", 8192),
            (["memory": 1024], "/settings/memory", 8192), (["memory": "9 GiB"], "/settings/memory", 8192),
            (["vcpuCount": 16, "memory": "Inherited"], "/settings/memory", 122_880),
        ] as [(JSONValue, String, Int?)] {
            let errors = try effective(settings, &portal)
            #expect(errors[0]?["pointer"]?.string == pointer, "\(settings.text): \(errors.text)")
            #expect(errors[0]?["code"]?.string == "fargate" && errors[0]?["limit"]?.integer == limit, "\(errors.text)")
        }
        #expect(try effective(["memory": 3072], &portal)["memory"]?["value"] == 3072)
        try fargate(portal, vcpus: "1", memory: 2048, gpus: 1)
        try portal.owner("UPDATE environments SET max_gpus = 1, mib_per_gpu = 0")
        #expect(try effective([:], &portal)[0]?["pointer"]?.string == "/settings/gpuCount")
    }

    @Test func inheritedValuesMustFitAsWell() throws {
        var portal = try Portal()
        try portal.owner(
            "UPDATE environments SET max_vcpus = 4, definition = jsonb_set(definition, '{containerProperties,resourceRequirements,1,value}', '\"8\"')"
        )
        #expect(try effective([:], &portal)[0]?["pointer"]?.string == "/settings/vcpuCount")
        #expect(try effective(["vcpuCount": 2], &portal)["vcpuCount"]?["value"] == 2)
        try portal.owner(
            "UPDATE environments SET definition = definition #- '{containerProperties,resourceRequirements,0}'")
        let errors = try effective(["vcpuCount": 2, "memory": "Inherited"], &portal)
        #expect(errors[0]?["pointer"]?.string == "/settings/memory" && errors[0]?["limit"] == 4, "\(errors.text)")
    }

    @Test func theTimeLimitIsTheOneThatHolds() throws {
        var portal = try Portal()
        func time(_ asked: JSONValue) throws -> JSONValue? {
            try effective([:], &portal, time: asked)["timeConstraint"]
        }
        #expect(try time(nil) == ["overridden": false, "source": "inherited", "value": 3600])
        #expect(try time(60) == ["overridden": true, "source": "asked", "value": 60])
        try portal.owner("UPDATE environments SET max_seconds = 600")
        #expect(try time(nil) == ["overridden": true, "source": "environment", "value": 600])
        try portal.owner("UPDATE environments SET max_seconds = NULL, definition = definition - 'timeout'")
        #expect(try time(nil) == ["overridden": false, "source": "inherited", "value": nil])
    }

    @Test func theEstimateIsWhatTheTimeLimitLets() throws {
        var portal = try Portal()
        func estimate(_ changes: JSONValue) throws -> JSONValue? {
            try portal.api("POST", "/jobs?validateOnly=true", portal.submission(changes)).json["estimate"]
        }
        let settings: JSONValue = ["vcpuCount": 2, "memory": "3 GiB"]
        let one = try estimate(["settings": settings, "timeConstraint": 1800])
        #expect(one?["jobs"] == 1 && one?["seconds"] == 1800 && one?["gpuHours"]?.double == 0)
        #expect(one?["vcpuHours"]?.double == 1 && one?["memoryGiBHours"]?.double == 1.5)
        let map: JSONValue = [
            "settings": settings, "timeConstraint": 1800, "jobType": "Array", "elements": [1, 2, 3],
            "method": ["childJobs": 3], "code": ["language": "python", "source": "def f(x): return x"],
        ]
        #expect(try estimate(map)?["vcpuHours"]?.double == 3 && estimate(map)?["jobs"] == 3)
        #expect(try portal.page("/jobs/new?environment=local&vcpuCount=2").text.contains("vCPU-hours</dt><dd><b>2</b>"))
        try portal.owner("UPDATE environments SET definition = definition - 'timeout'")
        #expect(try estimate(["settings": settings])?["vcpuHours"] == .null)
        #expect(try portal.page("/jobs/new?environment=local").text.contains("without a time limit"))
    }

    @Test func aCommandAndItsVariablesMustFitIntoOneRequest() throws {
        var portal = try Portal()
        try portal.owner(
            """
            UPDATE environments SET definition = definition - 'tags',
                variables = jsonb_build_object('A', repeat('"', 1400), 'KEY', jsonb_build_object('sealed', 1))
            """)
        func send(_ characters: Int, _ more: JSONValue = .object([])) throws -> Answer {
            let argv: JSONValue = ["echo", .string(String(repeating: "\"", count: characters))]
            let code: JSONValue = ["code": ["language": "command", "argv": argv]]
            return try portal.submit(portal.submission(.object((code.members ?? []) + (more.members ?? []))))
        }
        #expect(try send(2000).status == 201)
        #expect(try send(3000).pointers == ["/code/argv"])
        #expect(try send(10, ["env": ["KEY": "x"]]).pointers == ["/env"])
        #expect(try send(10, ["env": ["A": "mine"]]).status == 201)
    }
}

import JSON

/// What a submission may not ask for.
enum UnfitSubmission {
    /// One member changed; the fault's pointer, and its limit where it has one.
    static let all: [(change: JSONValue, pointer: String, limit: Int?)] = [
        (["environment": "nowhere"], "/environment", nil),
        (["name": ""], "/name", nil), (["name": " \t "], "/name", nil),
        (["name": .string(String(repeating: "n", count: 129))], "/name", 128),
        (["name": "a\nb"], "/name", nil), (["name": "a\u{202E}b"], "/name", nil), (["name": "a\0b"], "/name", nil),
        (["jobType": "Many"], "/jobType", nil), (["resultFormat": "xml"], "/resultFormat", nil),
        (["code": ["language": "cobol", "source": "x"]], "/code/language", nil),
        (["code": ["language": "python", "source": ""]], "/code/source", nil),
        (
            ["code": ["language": "python", "source": .string(String(repeating: "#", count: 262_145))]], "/code/source",
            262_144
        ),
        (["code": ["language": "command", "argv": []]], "/code/argv", nil),
        (["code": ["language": "command", "argv": ["a", ""]]], "/code/argv", nil),
        (["settings": ["memory": 0]], "/settings/memory", 4), (["settings": ["memory": -1]], "/settings/memory", 4),
        (["settings": ["memory": "8 XB"]], "/settings/memory", nil),
        (["settings": ["memory": "17 GiB"]], "/settings/memory", 16384),
        (["settings": ["memory": .string(String(repeating: "9", count: 40))]], "/settings/memory", nil),
        (["settings": ["vcpuCount": 0]], "/settings/vcpuCount", 1),
        (["settings": ["vcpuCount": "0.5"]], "/settings/vcpuCount", nil),
        (["settings": ["vcpuCount": 5]], "/settings/vcpuCount", 4),
        (["settings": ["gpuCount": 1]], "/settings/gpuCount", 0),
        (["timeConstraint": 59], "/timeConstraint", 60), (["timeConstraint": -1], "/timeConstraint", 60),
        (["timeConstraint": 2_147_483_648], "/timeConstraint", 2_147_483_647),
        (["env": ["OK": "a\0b"]], "/env", nil), (["env": ["A\0": "b"]], "/env", nil),
        (["code": ["language": "command", "argv": ["a\0"]]], "/code/argv", nil),
        (["env": ["A=B": "1"]], "/env", nil), (["env": ["AWS_ACCESS_KEY_ID": "x"]], "/env", nil),
        (["env": ["AWS_SESSION_TOKEN": "x"]], "/env", nil), (["env": ["AWS_PROFILE": "x"]], "/env", nil),
        (["env": ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://x"]], "/env", nil),
        (["env": ["AWS_ENDPOINT_URL": "http://x"]], "/env", nil), (["env": ["AWS_S3_ENDPOINT": "x"]], "/env", nil),
        (["env": ["AWS_BATCH_X": "x"]], "/env", nil), (["env": ["BATCHPORT_JOB": "x"]], "/env", nil),
        (["env": ["LD_PRELOAD": "/x.so"]], "/env", nil), (["env": ["LD_LIBRARY_PATH": "/x"]], "/env", nil),
        (["env": ["A": .string(String(repeating: "x", count: 3000))]], "/env", 3000),
        (["tags": ["aws:x": ""]], "/tags", nil), (["tags": ["a": "b\0"]], "/tags", nil),
        (["tags": .object((0..<41).map { .init("t\($0)", "") })], "/tags", 40),
        (["inputFiles": ["../x": ["base64": ""]]], "/inputFiles", nil),
        (["inputFiles": ["a/b": ["base64": ""]]], "/inputFiles", nil),
        (["inputFiles": ["": ["base64": ""]]], "/inputFiles", nil),
        (["inputFiles": ["main.py": ["base64": ""]]], "/inputFiles", nil),
        (["inputFiles": ["a\u{7}": ["base64": ""]]], "/inputFiles", nil),
        (["inputFiles": .object((0..<101).map { .init("f\($0)", ["base64": ""]) })], "/inputFiles", 100),
        (["inputFiles": ["x": ["upload": "00000000-0000-0000-0000-000000000000"]]], "/inputFiles", nil),
    ]
}

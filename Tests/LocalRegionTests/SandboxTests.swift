import FoundationEssentials
import Glibc
import JSON
import LocalRegion
import PostgreSQL
import Processes
import TestSupport
import Testing

struct SandboxTests {
    private let house: ExecutorFixture

    init() throws {
        house = try ExecutorFixture()
        try house.start()
    }

    private func expectOutOfMemory(_ job: JSONValue) {
        #expect(job["status"]?.string == "FAILED")
        #expect(job["statusReason"]?.string == "Essential container in task exited")
        #expect(job["container"]?["exitCode"] == 137)
        #expect(
            job["container"]?["reason"]?.string == "OutOfMemoryError: Container killed due to memory usage")
    }

    @Test(arguments: [
        // One process, several that only together are too large, and one that hides its memory map.
        "b = bytearray(200 << 20); time.sleep(60)",
        "[os.fork() or (bytearray(40 << 20), time.sleep(60)) for _ in range(5)]; time.sleep(60)",
        "ctypes.CDLL(None).prctl(4, 0); b = bytearray(200 << 20); time.sleep(60)",
        "threading.Thread(target=lambda: os.fork() or (bytearray(200 << 20), time.sleep(60))).start(); time.sleep(60)",
        "m = mmap.mmap(-1, 200 << 20); m.write(b'x' * (200 << 20)); time.sleep(60)",
        "open('/dev/shm/x', 'wb').write(bytes(120 << 20)); time.sleep(60)",
    ])
    func tooMuchMemory(code: String) throws {
        let (job, _) = try house.python(
            "import ctypes, mmap, os, threading, time\n" + code, memoryMiB: 100)
        expectOutOfMemory(job)
    }

    /// Mapped pages of /dev/shm count once.
    @Test func whatFitsIsLeftAlone() throws {
        let (job, log) = try house.python(
            """
            import mmap, time
            with open('/dev/shm/x', 'w+b') as f:
                f.write(bytes(60 << 20)); f.flush()
                m = mmap.mmap(f.fileno(), 0); sum(m[n] for n in range(0, 60 << 20, 4096))
                time.sleep(0.3); print("fits")
            """, memoryMiB: 100)
        #expect(job["status"]?.string == "SUCCEEDED")
        #expect(log == ["fits"])
    }

    @Test func theCodeFindsItsPlace() throws {
        let environment: JSONValue = [["name": "MINE", "value": "a b=c\n'\"$"], ["name": "LANG", "value": "C"]]
        let code = """
            import os, json, socket, pwd
            for name in ["/work/a", "/tmp/b", "/var/tmp/c", "/dev/shm/d"]: open(name, "w").write("x")
            print(json.dumps([os.getcwd(), dict(os.environ), os.listdir(), socket.gethostname(), pwd.getpwuid(os.getuid()).pw_name]))
            """
        let command: JSONValue = ["python3", "-c", .string(code)]
        let (job, log) = try house.run(
            [], ["containerOverrides": ["command": command, "environment": environment]])
        let found = try JSONValue.parse(Array(try #require(log.first).utf8))
        #expect(found[0] == "/work")
        #expect(found[2] == ["a"])
        #expect(found[3] == "job")
        #expect(found[4] == "job")
        let variables = try #require(found[1])
        #expect(variables["MINE"] == "a b=c\n'\"$")
        #expect(variables["LANG"] == "C")
        #expect(variables["AWS_BATCH_JOB_ID"] == job["jobId"])
        #expect(variables["AWS_BATCH_JOB_ATTEMPT"] == "1")
        #expect(variables["AWS_BATCH_JQ_NAME"] == "local")
        #expect(variables["AWS_REGION"] == "us-local-1")
        #expect(variables["AWS_ENDPOINT_URL"] == "http://127.0.0.2:28080")
        let expected: Set = [
            "MINE", "LANG", "PATH", "HOME", "PWD", "AWS_BATCH_JOB_ID", "AWS_BATCH_JOB_ATTEMPT", "AWS_BATCH_JQ_NAME",
            "AWS_BATCH_CE_NAME", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI", "LC_CTYPE",
        ]
        #expect(Set(variables.members?.map(\.name) ?? []).subtracting(expected) == [])
    }

    @Test func credentialsHoldAsLongAsTheJob() throws {
        let code = """
            import os, time, urllib.request
            print(urllib.request.urlopen(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"]).read().decode(), flush=True)
            time.sleep(60)
            """
        let id = try house.region.submit(["python3", "-c", code], ["timeout": ["attemptDurationSeconds": 120]])
        let running = try house.wait(id) { job in try !house.log(job).isEmpty }
        let document = try JSONValue.parse(Array(try #require(house.log(running).first).utf8))
        var connection = try house.region.connect()
        let key = try #require(document["AccessKeyId"]?.string)
        #expect(key.hasPrefix("ASIA"))
        let stored = try connection.row(
            """
            SELECT secret, session_token, principal, extract(epoch FROM expires_at - now())::int
            FROM access_keys WHERE id = \(key)
            """
        ) { row in
            #expect(try (3000...3720).contains(row.int(3)))
            return [try row.text(0), try row.text(1), try row.text(2)]
        }
        #expect(stored?[0] == document["SecretAccessKey"]?.string)
        #expect(stored?[1] == document["Token"]?.string)
        #expect(stored?[2].hasPrefix("assumed-role/batchport-job/") == true)
        #expect(document["Expiration"]?.string?.hasSuffix("Z") == true)
        try house.region.ask("terminatejob", ["jobId": .string(id), "reason": "enough"])
        _ = try house.finish(id)
        #expect(try connection.row("SELECT count(*) FROM access_keys") { row in try row.int(0) } == 0)
    }

    @Test func onlyTheRegionIsReachable() throws {
        let body = [UInt8]((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        try house.folder.write(body, to: "public/object")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o644], ofItemAtPath: house.folder.file("public/object"))
        let (_, log) = try house.python(
            """
            import os, hashlib, urllib.request, concurrent.futures as futures
            def get(_): return hashlib.sha256(urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + "/object").read()).hexdigest()
            with futures.ThreadPoolExecutor(20) as pool: print(*set(pool.map(get, range(40))), sep=",")
            """)
        var sum = Spawn("/usr/bin/sha256sum", [house.folder.file("public/object")])
        sum.standardOutput = .append(house.folder.file("sum"))
        #expect(try sum.start().wait() == .code(0))
        let expected = String(decoding: try house.folder.read("sum").prefix(64), as: UTF8.self)
        #expect(log == [expected])
    }
}

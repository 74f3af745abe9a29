import Cryptography
import JobManifest
import Processes
import Testing

@testable import Runner

/// What the runner says and leaves when it cannot do its part.
@Suite struct FaultTests {
    @Test func withoutAManifest() throws {
        let job = try TestJob("", JobManifest.Code.shell)
        let child = try job.start(manifest: nil)
        let ended = try job.end(of: child)
        try expect(ended, .manifest, .download, "cannot be fetched: AWS s3 GetObject: 404, NoSuchKey")
    }

    @Test(arguments: [
        ("{}", "/version is missing"), ("", "ends too early"), ("{\"version\":9}", "bring it up to date"),
    ])
    func withAManifestThatIsNone(text: String, words: String) throws {
        let job = try TestJob("", JobManifest.Code.shell)
        try expect(job.end(of: job.start(manifest: Array(text.utf8))), .manifest, .download, words)
    }

    @Test(arguments: [true, false])
    func withAManifestThatSomebodyHasReplaced(isTold: Bool) throws {
        let job = try TestJob("echo ours", JobManifest.Code.shell)
        job.environment[ManifestAddress.digestVariable] = hex(sha256(job.manifest.bytes))
        if !isTold { #expect(try job.run().log.contains("ours")) }
        let theirs = Array("echo theirs".utf8)
        try job.put(theirs, job.address.keys.code)
        let object = StoredObject(key: job.address.keys.code, size: theirs.count, sha256: hex(sha256(theirs)))
        job.manifest.code = .shell(object)
        if isTold {
            try expect(job.run(), .manifest, .download, "is not the one that was submitted")
        } else {
            // As an older portal sends it: nothing to compare it with.
            job.environment[ManifestAddress.digestVariable] = nil
            #expect(try job.run().log.contains("theirs"))
        }
    }

    @Test func withAnotherJobsManifest() throws {
        let job = try TestJob("", JobManifest.Code.shell)
        job.manifest.job = "0b8f6c1e-93a4-4a57-8d55-2f4c7e1a9b30"
        try expect(job.run(), .manifest, .download, "another job's")
    }

    @Test(arguments: [
        ("1,2\n", "more than 3 bytes"), ("1,", "2 bytes, not 3"), ("9,2", "the SHA-256 "),
    ])
    func whenAnInputIsNotTheOneItWas(text: String, words: String) throws {
        let job = try TestJob("echo > output/started", JobManifest.Code.shell)
        try job.addInput("a.csv", "1,2")
        try job.put(Array(text.utf8), job.address.keys.upload("0"))
        try expect(job.run(), .checksum, .download, words)
        #expect(try job.output("started") == nil)
    }

    @Test func whenAnInputIsGone() throws {
        let job = try TestJob("", JobManifest.Code.shell)
        let missing = StoredObject(key: "p/none", size: 1, sha256: String(repeating: "0", count: 64))
        job.manifest.inputFiles = [.init(name: "a.csv", object: missing)]
        try expect(job.run(), .download, .download, "The input file \u{201C}a.csv\u{201D} cannot be fetched")
    }

    @Test func whenTheOutputIsRefusedTheCodesOwnFailureStands() throws {
        for (code, exit) in [("0", RunnerFault.Code.upload.rawValue), ("7", 7)] {
            let job = try TestJob(emptyBucket + "exit \(code)", JobManifest.Code.shell)
            let ended = try job.run()
            #expect(ended.exit == .code(exit))
            #expect(ended.log.contains("The output \u{201C}a.csv\u{201D} cannot be uploaded: AWS s3 PutObject: 404"))
            #expect(ended.log.contains("The outcome cannot be uploaded"))
        }
    }

    @Test(
        arguments: [
            ([:], ["x"], RunnerFault.Code.setup, "is not the address"),
            ([:], [], .setup, "Usage: batchport-runner s3://"),
            ([:], ["a", "b"], .setup, "Usage"),
            (["AWS_REGION": ""], nil, .setup, "AWS_REGION is not set"),
            (["AWS_BATCH_JOB_ATTEMPT": "zero"], nil, .setup, "AWS_BATCH_JOB_ATTEMPT must be a whole number"),
            (["AWS_ENDPOINT_URL": "ftp://x"], nil, .setup, "AWS_ENDPOINT_URL"),
            (["AWS_ACCESS_KEY_ID": ""], nil, .credentials, "no AWS credentials"),
            (
                ["AWS_ACCESS_KEY_ID": "", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://10.0.0.1/x"], nil, .credentials,
                "must be https"
            ),
            (["TMPDIR": "/nowhere", "PATH": ""], nil, .notFound, "has no"),
        ] as [([String: String], [String]?, RunnerFault.Code, String)])
    func atTheStart(variables: [String: String], arguments: [String]?, code: RunnerFault.Code, words: String) throws {
        let job = try TestJob { _ in .command(["no-such-program"]) }
        job.environment.merge(variables) { $1 }
        let ended = try job.end(of: job.start(arguments: arguments))
        #expect(ended.exit == .code(code.rawValue))
        #expect(ended.log.contains(words), "\(ended.log)")
        #expect(ended.log.hasPrefix("batchport-runner: "))
    }

    private func expect(
        _ ended: TestJob.Ended, _ code: RunnerFault.Code, _ phase: Outcome.Phase, _ words: String
    ) throws {
        let outcome = try #require(ended.outcome)
        #expect(ended.exit == .code(code.rawValue))
        #expect(outcome.phase == phase)
        #expect(outcome.exit == nil)
        #expect(outcome.messages.count == 1)
        #expect(outcome.messages.first?.contains(words) == true, "\(outcome.messages)")
        #expect(ended.log == "batchport-runner: \(outcome.messages.first ?? "")\n")
        #expect(outcome.result == .missing(.failed, detail: outcome.messages.first ?? ""))
    }

    /// Shell that leaves an output and takes the bucket away.
    private let emptyBucket = """
        echo 1 > output/a.csv
        python3 - <<'END'
        import os, re, urllib.request
        bucket = os.environ["AWS_ENDPOINT_URL"] + "/job-" + os.environ["BATCHPORT_JOB"]
        def call(method, url):
            scope = "test/20130524/us-east-1/s3/aws4_request"
            headers = {"Authorization": "AWS4-HMAC-SHA256 Credential=%s, SignedHeaders=host, Signature=0" % scope}
            return urllib.request.urlopen(urllib.request.Request(url, None, headers, method=method)).read().decode()
        for key in re.findall("<Key>(.*?)</Key>", call("GET", bucket)):
            call("DELETE", bucket + "/" + key)
        call("DELETE", bucket)
        END

        """
}

import Testing

@testable import JobManifest

private let uuid = "0b8f6c1e-93a4-4a57-8d55-2f4c7e1a9b30"

@Suite struct JobKeysTests {
    @Test(arguments: [("", ""), ("team/", "team/"), ("team", "team/"), ("a//b/", "a//b/")])
    func allKeysLieInTheJobsFolder(prefix: String, stored: String) throws {
        let keys = try #require(JobKeys(prefix: prefix, job: uuid.uppercased()))
        let folder = stored + "jobs/" + uuid + "/"
        #expect(keys.folder == folder)
        #expect(keys.manifest == folder + "manifest.json")
        #expect(keys.code == folder + "code")
        #expect(keys.upload("u") == stored + "uploads/u")
        #expect(keys.outcome(attempt: 1) == folder + "attempts/1/outcome.json")
        #expect(keys.result(attempt: 2) == folder + "attempts/2/result.json")
        #expect(keys.output("a/b c.csv", attempt: 2) == folder + "attempts/2/output/a/b c.csv")
    }

    @Test(arguments: ["", "0b8f6c1e", "0b8f6c1e-93a4-4a57-8d55-2f4c7e1a9b3g", "../../../../../../../../../../../../"])
    func refusesWhatIsNoUUID(job: String) {
        #expect(JobKeys(prefix: "", job: job) == nil)
    }

    @Test(arguments: ["", "team/", "a//b/", "jobs/"])
    func addressGoesThereAndBack(prefix: String) throws {
        let address = ManifestAddress(bucket: "io-bucket.1", keys: try #require(JobKeys(prefix: prefix, job: uuid)))
        #expect(ManifestAddress(address.description) == address)
        #expect(
            address.command
                == ["/opt/batchport/batchport-runner", "s3://io-bucket.1/\(prefix)jobs/\(uuid)/manifest.json"])
    }

    @Test(
        arguments: [
            "", "s3://", "s3://b", "http://bucket/jobs/\(uuid)/manifest.json", "s3://bucket/\(uuid)/manifest.json",
            "s3://bucket/xjobs/\(uuid)/manifest.json/", "s3://bucket/jobs/\(uuid)/manifest",
            "s3://bucket/xjobs/\(uuid)/manifest.json", "s3://bucket/jobs/\(uuid.uppercased())/manifest.json",
            "s3://Bu_cket/jobs/\(uuid)/manifest.json", "s3:///jobs/\(uuid)/manifest.json",
        ])
    func refusesOtherAddresses(text: String) {
        #expect(ManifestAddress(text) == nil)
    }
}

@Suite struct FileNamesTests {
    @Test(
        arguments: [
            ("weights.csv", nil), ("a b+c%20d.txt", nil), ("größe.csv", nil), (".hidden", nil), ("...", nil),
            ("", .empty), (".", .relative), ("..", .relative), ("../x", .separator), ("a/b", .separator),
            ("a\\b", .separator), ("a\nb", .controlCharacter), ("a\0", .controlCharacter),
            ("a\u{202E}gpj.exe", .controlCharacter), (String(repeating: "x", count: 256), .tooLong),
            ("output", .reserved), ("main.py", .reserved), ("main.sh", .reserved),
        ] as [(String, NameFault?)])
    func inputNames(name: String, fault: NameFault?) {
        #expect(InputName.fault(in: name) == fault)
    }

    @Test(
        arguments: [
            ("a.csv", nil), ("plots/2013/a.svg", nil), ("main.py", nil), ("a\\b", nil),
            ("", .empty), ("/a", .separator), ("a/", .separator), ("a//b", .separator), ("../a", .relative),
            ("a/../b", .relative), ("a/./b", .relative), ("a\u{7F}", .controlCharacter),
            (String(repeating: "a/", count: 400) + "a", .tooLong),
        ] as [(String, NameFault?)])
    func outputPaths(path: String, fault: NameFault?) {
        #expect(OutputPath.fault(in: path) == fault)
    }
}

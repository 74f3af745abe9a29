import AWS
import JobManifest
import Processes
import TestSupport
import Testing

@Suite struct OutputTests {
    @Test func onlyRegularFilesWithCleanNamesAreTaken() throws {
        let job = try TestJob(
            """
            cd output
            echo secret > ../secret
            ln -s ../secret link; ln -s .. folder; mkfifo pipe; mkdir -p deep/er
            echo 1 > deep/er/file.txt; ln -s / deep/root
            echo 2 > $'new\\nline'; echo 3 > $'not \\377 UTF-8'; echo 4 > $'turned \\342\\200\\256'; echo 5 > 'back\\slash'
            chmod 000 deep/er/file.txt
            """, JobManifest.Code.shell)
        let ended = try job.run()
        let outcome = try #require(ended.outcome)
        #expect(ended.exit == .code(0))
        #expect(outcome.outputs.map(\.path) == (isRoot ? ["back\\slash", "deep/er/file.txt"] : ["back\\slash"]))
        let messages = outcome.messages.joined(separator: "\n")
        for words in [
            "output/link\u{201D} is a symbolic link", "output/folder\u{201D} is a symbolic link",
            "output/deep/root\u{201D} is a symbolic link", "output/pipe\u{201D} is neither",
            "output/new\\u{a}line\u{201D} has a control character", "is not UTF-8",
            "output/turned \\u{202e}\u{201D} has a control character",
        ] {
            #expect(messages.contains(words), "\(words) in \(messages)")
        }
        #expect(outcome.messages.count == (isRoot ? 7 : 8))
        #expect(ended.log == outcome.messages.map { "batchport-runner: \($0)\n" }.joined())
    }

    @Test(arguments: ["rm -r output; ln -s /etc output", "rm -r output; echo > output", "rm -r output"])
    func theFolderItselfMayBeGone(source: String) throws {
        let ended = try TestJob(source, JobManifest.Code.shell).run()
        #expect(ended.exit == .code(0))
        #expect(ended.outcome?.phase == .complete)
        #expect(ended.outcome?.outputs == [])
        #expect(ended.outcome?.messages.count == (source.contains(";") ? 1 : 0))
    }

    @Test func filesAboveTheLimitAreLeftOut() throws {
        let job = try TestJob(
            "cd output; for n in 1 2 3 4 5; do echo $n > $n; done; mkdir 0; echo > 0/b", JobManifest.Code.shell)
        job.manifest.limits.outputFiles = 3
        let outcome = try #require(try job.run().outcome)
        #expect(outcome.outputs.map(\.path) == ["0/b", "1", "2"])
        #expect(outcome.messages == ["There are 6 output files; 3 may be: the last were left out."])
    }

    @Test func largeFilesGoInParts() throws {
        let job = try TestJob(
            """
            head -c 20000000 /dev/urandom > output/large.bin; head -c 8388608 /dev/zero > output/one.bin
            sha256sum output/large.bin output/one.bin
            """, JobManifest.Code.shell)
        let ended = try job.run()
        let outputs = try #require(ended.outcome?.outputs)
        #expect(outputs.map(\.object.size) == [20_000_000, 8_388_608])
        for output in outputs {
            #expect(ended.log.contains(output.object.sha256))
            let bytes = try #require(try job.object(output.object.key))
            #expect(digest(bytes) == output.object.sha256)
            #expect(try job.head(output.object.key).etag?.contains("-") == true)
        }
    }
}

private let isRoot = File.exists("/root/.")

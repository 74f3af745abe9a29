import Cryptography
import JobManifest
import Testing

func digest(_ bytes: [UInt8]) -> String { hex(sha256(bytes)) }

@Suite struct ResultTests {
    @Test(
        arguments: [
            ("printf '{\"a\": [1, \"größe\"]}\\n' > $BATCHPORT_RESULT", nil, ""),
            ("printf 7 > $BATCHPORT_RESULT", nil, ""),
            ("true", .notWritten, "wrote no result"),
            (": > $BATCHPORT_RESULT", .invalid, "empty"),
            ("printf '{\"a\": NaN}' > $BATCHPORT_RESULT", .invalid, "line 1, column 7"),
            ("printf '{\"a\": 1, \"a\": 2}' > $BATCHPORT_RESULT", .invalid, "twice"),
            ("printf '\"\\377\"' > $BATCHPORT_RESULT", .invalid, "UTF-8"),
            ("printf '%0513d' | tr 0 '[' > $BATCHPORT_RESULT", .invalid, "too deeply"),
            ("(printf '%0512d' | tr 0 '['; printf '%0512d' | tr 0 ']') > $BATCHPORT_RESULT", nil, ""),
            ("printf '1 2' > $BATCHPORT_RESULT", .invalid, "goes on"),
            ("printf '[1,2,3,4]' > $BATCHPORT_RESULT", .tooLarge, "8 bytes"),
            ("mkdir $BATCHPORT_RESULT", .invalid, "not a file"),
            ("ln -s /etc/passwd $BATCHPORT_RESULT", .invalid, "not a file"),
            ("mkfifo $BATCHPORT_RESULT", .invalid, "not a file"),
            ("kill -9 $$", .failed, "signal 9"),
        ] as [(String, Outcome.Result.Cause?, String)])
    func isStoredOrMissingForAReason(source: String, cause: Outcome.Result.Cause?, words: String) throws {
        let job = try TestJob(source, JobManifest.Code.shell)
        job.manifest.limits.resultBytes = cause == .tooLarge ? 8 : 2000
        let outcome = try #require(try job.run().outcome)
        #expect(outcome.phase == .complete)
        let stored = try job.object(job.address.keys.result(attempt: 1))
        switch outcome.result {
        case .stored(let object):
            #expect(cause == nil)
            #expect(stored.map(digest) == object.sha256)
        case .missing(let found, let detail):
            #expect(found == cause)
            #expect(detail.contains(words), "\(detail)")
            #expect(stored == nil)
        }
    }
}

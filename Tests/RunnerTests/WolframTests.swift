import JSON
import JobManifest
import Processes
import TestSupport
import Testing

/// Wolfram Language, by Mathics 3: `BATCHPORT_TEST_MATHICS` is the folder with `mathics3`.
struct WolframTests {
    private struct Evaluated {
        let exit: Exit
        let outcome: Outcome
        let result: String?
        let log: String
    }

    private func evaluate(_ source: String, form: JobManifest.ResultFormat = .json) throws -> Evaluated {
        let job = try TestJob(source, JobManifest.Code.wolfram)
        try job.useMathics()
        job.manifest.resultFormat = form
        let ended = try job.run()
        let bytes = try job.object(job.address.keys.result(attempt: 1))
        return Evaluated(
            exit: ended.exit, outcome: try #require(ended.outcome),
            result: bytes.map { String(decoding: $0, as: UTF8.self) }, log: ended.log)
    }

    @Test func theLastExpressionsValueIsTheResult() throws {
        let evaluated = try evaluate("Print[\"hello\"];\nTable[Prime[n], {n, 10}]\n")
        #expect(evaluated.exit == .code(0))
        #expect(evaluated.result == "[2,3,5,7,11,13,17,19,23,29]")
        #expect(evaluated.log == "hello\n")
        #expect(
            evaluated.outcome.evaluation
                == .init(success: true, messages: [], inputForm: "{2, 3, 5, 7, 11, 13, 17, 19, 23, 29}"))
    }

    @Test func inputFormWhereJSONHasNone() throws {
        let mapped = try evaluate("f[x_] := x^2;\nMap[f, {1, 2, a}]")
        #expect(mapped.result == #""{1, 4, a^2}""#)
        #expect(try evaluate(#"{<|"a" -> 1.5|>, True, "x\"y"}"#).result == #"[{"a":1.5},true,"x\"y"]"#)
        #expect(try evaluate("1 + 1", form: .inputForm).result == #""2""#)
    }

    @Test func exitEndsTheKernelWithItsCode() throws {
        let evaluated = try evaluate("Exit[3]")
        #expect(evaluated.exit == .code(3))
        #expect(evaluated.result == nil)
        #expect(evaluated.outcome.exit == .code(3))
    }

    @Test func aMessageIsRecordedApartFromTheJobsEnd() throws {
        let evaluated = try evaluate("1/0;\n42")
        #expect(evaluated.exit == .code(0))
        #expect(evaluated.result == "42")
        let said = try #require(evaluated.outcome.evaluation)
        #expect(!said.success)
        #expect(said.messages == ["Power::infy: Infinite expression 1 / 0 encountered."])
    }

    @Test func aSyntaxErrorHasNoValue() throws {
        let evaluated = try evaluate("f[x_ := 3\n42")
        #expect(evaluated.exit == .code(0))
        #expect(evaluated.result == nil)
        let said = try #require(evaluated.outcome.evaluation)
        #expect(!said.success)
        #expect(said.messages.first?.hasPrefix("Syntax::") == true)
        guard case .missing(.evaluationFailed, _) = evaluated.outcome.result else {
            Issue.record("\(evaluated.outcome.result)")
            return
        }
    }

    @Test func aFunctionOfEachElement() throws {
        let job = try TestJob("scale = 10;", JobManifest.Code.wolfram)
        try job.useMathics()
        try job.map(
            ["1", "2.5", #""a""#, "[1,2]", #"{"k":3}"#, "0", "-1"], function: "f",
            initialization: """
                f[x_Integer] := If[x < 0, Exit[3], 1/x; scale*x]
                f[x_Real] := x
                f[s_String] := StringLength[s]
                f[l_List] := Total[l]
                f[a_Association] := a["k"]
                """, workers: 2)
        let child = try job.start()
        #expect(child.wait() == .code(1))
        #expect(
            try job.results() == [
                0: "10", 1: "2.5", 2: "1", 3: "3", 4: "3", 5: "0",
                6: "evaluationFailed: The worker ended with exit code 3.",
            ])
        let outcome = try #require(try job.outcome(child: 0))
        #expect(outcome.evaluation?.success == false)
        #expect(outcome.evaluation?.messages.contains { $0.hasPrefix("Element 5: Power::infy") } == true)
    }

    /// Source, function, and what is said: nil where it can be called.
    @Test(
        arguments: [
            ("g[x_] := x", "f", "The code defines no function f."), ("#^2 &", "f", "The code defines no function f."),
            ("f = g;", "f", "The code defines no function f."), ("1", "f[2]", "The code defines no function f[2]."),
            ("f = 3;", "f", "f is not a function."), ("1", "#^2 &", nil), ("1", "Function[x, x + 1]", nil),
            ("1", "Sqrt", nil), ("f = #^2 &;", "f", nil), ("f[k_][x_] := k x", "f[2]", nil), ("f[x_] := x", "f", nil),
            ("f[x_] := x", "Composition[f, Sqrt]", nil),
        ] as [(String, String, String?)])
    func whatCannotBeCalledIsToldBeforeAnElement(source: String, function: String, fault: String?) throws {
        let job = try TestJob(source, JobManifest.Code.wolfram)
        try job.useMathics()
        try job.map(["1", "4"], function: function, workers: 1)
        #expect(try job.start().wait() == .code(fault == nil ? 0 : 1))
        let results = try job.results()
        let messages = try job.outcome(child: 0)?.messages ?? []
        guard let fault else {
            #expect(results.count == 2 && results.values.allSatisfy { Int($0) != nil }, "\(results) \(messages)")
            return
        }
        #expect(results.isEmpty && messages.contains { $0.contains(fault) }, "\(results) \(messages)")
    }

    @Test func theSameInEachLanguage() throws {
        let codes: [(String, (StoredObject) -> JobManifest.Code)] = [
            ("def f(x): return x * x", JobManifest.Code.python), ("f() { echo $(($1 * $1)); }", JobManifest.Code.shell),
            ("f = #^2 &;", JobManifest.Code.wolfram),
            ("", { _ in .command(["awk", "BEGIN { print ARGV[1] * ARGV[1] }"]) }),
        ]
        for (source, code) in codes {
            let job = try TestJob(source, code)
            try job.useMathics()
            try job.map((0..<6).map(String.init), workers: 2)
            #expect(try job.start().wait() == .code(0))
            #expect(try job.results() == [0: "0", 1: "1", 2: "4", 3: "9", 4: "16", 5: "25"])
        }
    }
}

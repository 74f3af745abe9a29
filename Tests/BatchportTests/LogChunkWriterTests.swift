import Testing

@testable import Batchport

struct LogChunkWriterTests {
    private func lines(_ writer: LogChunkWriter) -> [[String]] {
        writer.chunks.map { chunk in
            // By bytes: to a String, CR LF is one character.
            chunk.text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self) }
        }
    }

    @Test func anEventMayHoldSeveralLines() {
        var writer = LogChunkWriter(continuing: nil, afterLine: 0)
        writer.append("one", at: 1)
        writer.append("two\nthree\n", at: 2)
        writer.append("", at: 3)
        writer.append("\n", at: 4)
        writer.append("a\r\nb", at: 5)
        #expect(lines(writer) == [["one", "two", "three", "", "", "a\r", "b"]])
        #expect(writer.chunks.first?.times == [1, 2, 2, 3, 4, 5, 5])
        #expect(writer.lines == 7)
    }

    @Test func aThousandLinesARow() {
        var writer = LogChunkWriter(continuing: nil, afterLine: 0)
        for n in 0..<2500 { writer.append("line \(n)", at: Int64(n)) }
        #expect(writer.chunks.map(\.firstLine) == [1, 1001, 2001])
        #expect(writer.chunks.map(\.times.count) == [1000, 1000, 500])
        #expect(writer.lines == 2500)
        #expect(lines(writer)[2].first == "line 2000")
    }

    @Test func theLastRowIsContinuedUntilItIsFull() {
        var first = LogChunkWriter(continuing: nil, afterLine: 0)
        for n in 0..<1700 { first.append("\(n)", at: 0) }
        var second = LogChunkWriter(continuing: first.chunks.last, afterLine: first.lines)
        for n in 1700..<2100 { second.append("\(n)", at: 0) }
        #expect(second.chunks.map(\.firstLine) == [1001, 2001])
        #expect(lines(second)[0].last == "1999")
        let full = LogChunkWriter(continuing: second.chunks.first, afterLine: 2000)
        #expect(full.chunks.map(\.firstLine) == [2001])
        #expect(full.lines == 2000)
    }

    @Test func longLinesStayWholeAndEndTheirRow() {
        var writer = LogChunkWriter(continuing: nil, afterLine: 0)
        let long = String(repeating: "x", count: 1 << 20)
        for _ in 0..<9 { writer.append(long, at: 0) }
        #expect(writer.chunks.map(\.times.count) == [4, 4, 1])
        #expect(lines(writer).joined().allSatisfy { $0 == long })
    }

    @Test func aNULIsReplaced() {
        var writer = LogChunkWriter(continuing: nil, afterLine: 0)
        writer.append("a\0b", at: 0)
        #expect(lines(writer) == [["a\u{FFFD}b"]])
    }
}

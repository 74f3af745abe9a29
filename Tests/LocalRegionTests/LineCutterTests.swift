import Testing

@testable import LocalRegion

struct LineCutterTests {
    private func cut(_ pieces: [[UInt8]]) -> [String] {
        var cutter = LineCutter()
        let lines = pieces.flatMap { cutter.cut($0) }
        return lines + (cutter.rest().map { [$0] } ?? [])
    }

    @Test func linesAcrossPieces() {
        #expect(cut([Array("a\nb".utf8), Array("c\n\n".utf8), Array("d".utf8)]) == ["a", "bc", "d"])
        #expect(cut([]) == [])
        #expect(cut([[0x0A]]) == [])
        #expect(cut([Array("é\r\n".utf8.prefix(1)), Array("é\r\n".utf8.dropFirst())]) == ["é\r"])
    }

    @Test func bytesThatTextCannotHold() {
        #expect(cut([[0x61, 0xFF, 0x00, 0x62, 0x0A]]) == ["a\u{FFFD}\u{FFFD}b"])
    }

    @Test func aLineOfAnEventsGreatestSizeStaysWhole() {
        let whole = [UInt8](repeating: 0x61, count: LineCutter.largest)
        #expect(cut([whole + [0x0A]]).map(\.utf8.count) == [LineCutter.largest])
        #expect(cut([whole, [0x62, 0x0A]]).map(\.utf8.count) == [LineCutter.largest, 1])
    }

    @Test func noCharacterIsCutInTwo() {
        let text = String(repeating: "é", count: LineCutter.largest / 2 - 1) + "a😀b"
        let lines = cut([Array(text.utf8)])
        #expect(lines.joined() == text)
        #expect(lines.map(\.utf8.count) == [LineCutter.largest - 1, 5])
    }
}

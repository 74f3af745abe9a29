import FoundationEssentials
import Testing

@testable import Batchport

/// What is filled in for a map on the form is taken or told, never left out in silence.
struct MapEntryTests {
    private func pointers(_ change: (inout MapEntry) -> Void) -> [String] {
        var entry = MapEntry()
        change(&entry)
        var request = JobRequest()
        return entry.add(to: &request).map(\.pointer)
    }

    private static let file = NewJobEntry.File(upload: UUID(), name: "list.jsonl", size: 4)

    @Test func aSingleJobHasNothingOfAnArray() {
        #expect(pointers { _ in } == [])
        #expect(pointers { $0.elements = "1\n2" } == ["/elements"])
        #expect(pointers { $0.file = Self.file } == ["/elementsFile"])
        #expect(pointers { $0.job = UUID().uuidString } == ["/elements"])
        #expect(
            pointers {
                ($0.workers, $0.initialization) = ("2", "import os")
                ($0.method, $0.methodCount) = ("childJobs", "2")
            } == ["/code/workers", "/code/initialization", "/method", "/methodCount"])
    }

    @Test func ofTwoListsNoneIsTakenInSilence() {
        func ofArray(_ change: (inout MapEntry) -> Void) -> [String] {
            pointers {
                $0.jobType = "Array"; change(&$0)
            }
        }
        #expect(ofArray { $0.elements = "1" } == [])
        #expect(ofArray { ($0.elements, $0.file) = ("1", Self.file) } == ["/elementsFile"])
        #expect(ofArray { ($0.job, $0.file) = (UUID().uuidString, Self.file) } == ["/elementsFile"])
        #expect(ofArray { ($0.job, $0.elements) = (UUID().uuidString, "1") } == ["/elements"])
        #expect(ofArray { ($0.elements, $0.methodCount) = ("1", "2") } == ["/methodCount"])
        #expect(ofArray { ($0.elements, $0.method, $0.methodCount) = ("1", "childJobs", "two") } == ["/methodCount"])
    }
}

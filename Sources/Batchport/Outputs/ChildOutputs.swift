import FoundationEssentials
import HTML
import PostgreSQL

/// What an array's children left in `output/`: each child's files are its own.
struct ChildOutputs {
    /// Of all children, as far as they are counted.
    let files: Int
    private let children: [(k: Int, files: Int)]

    fileprivate static let most = 1000
    private static let shown = 20

    fileprivate init(files: Int, children: [(k: Int, files: Int)]) {
        self.files = files
        self.children = children
    }

    func links(_ job: Job) -> HTML {
        let count = files > Self.most ? "more than \(Words.count(Self.most))" : Words.count(files)
        let items = children.prefix(Self.shown).map { child -> HTML in
            """
            <li><a href="/jobs/\(job.idText)/children/\(child.k)#outputs">Child \(child.k)</a>, \(Words.count(child.files)) \
            \(child.files == 1 ? "file" : "files")</li>
            """
        }
        let rest: HTML? =
            children.count > Self.shown
            ? "<p>More stand on the pages of <a href=\"/jobs/\(job.idText)/children\">the other children</a>.</p>" : nil
        return """
            <p>The children wrote \(count) \(files == 1 ? "file" : "files"). Each file is on its child’s page:</p>
            <ul>\(items)</ul>\(rest)
            """
    }
}

extension Connection {
    /// Nil for a job that is no array.
    mutating func childOutputs(of job: Job) throws -> ChildOutputs? {
        if job.line.children == nil { return nil }
        // Not all of many: who has a thousand files is told so.
        let found = try rows(
            """
            SELECT child, count(*)::int FROM (
                SELECT child FROM outputs WHERE job = \(job.id) AND child >= 0 ORDER BY child LIMIT \(ChildOutputs.most + 1)) AS o
            GROUP BY child ORDER BY child
            """
        ) { (k: try $0.int(0), files: try $0.int(1)) }
        return ChildOutputs(files: found.reduce(0) { $0 + $1.files }, children: found)
    }
}

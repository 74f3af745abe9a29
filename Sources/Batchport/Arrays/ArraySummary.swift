import FoundationEssentials
import HTML
import PostgreSQL

/// What an array's own page says of its children and results.
struct ArraySummary {
    let job: Job
    let counts: ChildCounts
    let items: [ResultItem]
    let failures: ChildFailures
    let assets: Assets

    private static let shown = 10

    /// Nil for a job that is no array.
    init?(_ job: Job, _ assets: Assets, _ database: inout Connection) throws {
        guard let counts = job.line.children else { return nil }
        self.job = job
        self.counts = counts
        self.assets = assets
        failures = try ChildFailures(database.pipeline([ChildFailures.query(job.id)], readingOf: job.id)[0])
        items = try database.results(of: job.line, elements: job.elements, first: 0, count: Self.shown)
    }

    private var base: String { "/jobs/" + job.idText }

    var progress: HTML {
        """
        <div class="tally">\(ChildProgress(counts: counts).bar(assets))
        <p class="mt2"><a href="\(base)/children">\(counts.total == 1 ? "The one child" : "All \(Words.count(counts.total)) children")</a></p></div>
        """
    }

    /// What the failed ones died of; nil where none has failed.
    var deaths: HTML? { failures.table(base) }

    var results: HTML {
        """
        \(ResultsView(job: job, items: items, first: 0, assets: assets).table)
        <p><a href="\(base)/results">\(job.elements == 1 ? "The one result" : "All \(Words.count(job.elements)) results")</a> · \
        <a href="\(base)/results/file">Download JSON Lines</a></p>
        \(MissingAgain(job: job, assets: assets).content)
        """
    }
}

import ArgumentParser
import FoundationEssentials
import LocalRegion
import Processes

struct LocalOrder: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "order", abstract: "Orders faults and simulations for tests.",
        discussion: """
            The script is a JSON object: {"clear": true, "faults": [{"operation": "SubmitJob", "kind": "dropAfter",
            "probability": 0.05, "seed": 7}], "simulations": [{"name": "slow", "runningMs": 5000}]}. The members of both
            are those of the tables in sql/local/004_faults.sql.
            """)

    @OptionGroup var settingsOption: SettingsOption
    @Argument(help: "The script's file.") var script = "/dev/stdin"

    func run() throws {
        let bytes = try Self.read(script)
        let orders: Orders
        do { orders = try Orders(bytes) } catch { throw Sentence(error.description) }
        try settingsOption.inLocalRegion { database in try orders.give(&database) }
    }

    static func read(_ script: String) throws -> [UInt8] {
        // By its descriptor: the pipe may belong to another user, and then the path cannot be opened.
        script == "/dev/stdin"
            ? Array(AnyIterator { readLine(strippingNewline: false) }.joined().utf8) : try File.read(script)
    }
}

struct LocalLedger: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "Prints what the region has accepted, a JSON object a line.")

    @OptionGroup var settingsOption: SettingsOption
    @Option(help: "Only jobs whose names begin so.") var names = ""
    @Flag(help: "The children of arrays as well.") var children = false
    @Flag(help: "Instead: the requests that a fault took, in order.") var faults = false

    func run() throws {
        try settingsOption.inLocalRegion { database in
            if faults {
                for line in try Ledger.faultsTaken(&database) { print(line) }
                return
            }
            var after = 0
            while let page = try Ledger.page(names: names, children: children, after: after, in: &database) {
                print(page.lines.joined(separator: "\n"))
                after = page.last
            }
        }
    }
}

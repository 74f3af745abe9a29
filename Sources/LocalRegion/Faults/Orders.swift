internal import JSON
package import PostgreSQL

/// What a script orders of the local region: `{"clear": true, "faults": [{"operation": "SubmitJob", "kind": "dropAfter",
/// "probability": 0.05, "seed": 7}], "simulations": [{"name": "slow", "runningMs": 5000}]}`. `clear` takes back all faults
/// that were ordered before. A simulation replaces the one of its name.
package struct Orders {
    private let clears: Bool
    private let faults: [FaultOrder]
    private let simulations: [SimulationOrder]

    /// All that is wrong with a script, a sentence each.
    package struct Mistakes: Error, CustomStringConvertible {
        package let description: String
    }

    package init(_ script: [UInt8]) throws(Mistakes) {
        let document: JSONValue
        do { document = try JSONValue.parse(script) } catch {
            throw Mistakes(description: "The script is not JSON: \(error)")
        }
        var reader = ObjectReader(document)
        var problems: [JSONProblem] = []
        clears = reader.bool("clear") ?? false
        faults = Self.read("faults", &reader, &problems) { FaultOrder(&$0) }
        simulations = Self.read("simulations", &reader, &problems) { SimulationOrder(&$0) }
        problems = reader.finish() + problems
        guard problems.isEmpty else {
            throw Mistakes(description: problems.map { "\($0.pointer): \($0.message)" }.joined(separator: "\n"))
        }
    }

    private static func read<Order>(
        _ name: String, _ reader: inout ObjectReader, _ problems: inout [JSONProblem],
        _ order: (inout ObjectReader) -> Order
    ) -> [Order] {
        (reader.array(name) ?? []).enumerated().map { index, item in
            var inner = ObjectReader(item, at: "/\(name)/\(index)")
            let result = order(&inner)
            problems += inner.finish()
            return result
        }
    }

    /// All of them, or none.
    package func give(_ database: inout Connection) throws {
        let taken: [SQL] = clears ? ["UPDATE faults SET remaining = 0 WHERE remaining IS DISTINCT FROM 0"] : []
        _ = try database.pipeline(taken + simulations.map(\.upsert) + faults.map(\.insertion))
    }
}

/// One row of `faults`, as `sql/local` explains them.
private struct FaultOrder {
    private let operation: String
    private let kind: String
    private let milliseconds: Int
    private let status: Int
    private let code: String
    private let message: String?
    private let times: Int?
    private let probability: Double
    private let seed: Int
    private let matching: String?
    private let simulation: String?
    private let attempts: Int?
    private let perSecond: Int?

    /// Those that no request takes: the clock, what is shown of jobs, and how attempts end.
    private static let standing = ["skew", "lag", "vanish", "forget", "attempt"]

    init(_ reader: inout ObjectReader) {
        operation = reader.string("operation") ?? "*"
        kind = reader.string("kind") ?? ""
        let kinds = Fault.Kind.allCases.map(\.rawValue) + Self.standing
        if !kinds.contains(kind) {
            reader.refuse("unknownKind", "kind must be one of \(kinds.joined(separator: ", ")).")
        }
        milliseconds = reader.bounded("milliseconds", -864_000_000...864_000_000) ?? 0
        status = reader.bounded("status", 400...599) ?? 500
        code = reader.string("code") ?? "InternalError"
        message = reader.string("message")
        times = reader.bounded("times", 1...Int(Int32.max))
        probability = reader.share("probability", moreThan: 0) ?? 1
        seed = reader.integer("seed") ?? 0
        matching = reader.string("matching")
        simulation = reader.string("simulation")
        attempts = reader.bounded("attempts", 1...10)
        perSecond = reader.bounded("perSecond", 1...100_000)
        if (kind == "rate") != (perSecond != nil) {
            reader.refuse("perSecond", "perSecond belongs to the kind rate, and to no other.")
        }
        if (kind == "attempt") != (simulation != nil) {
            reader.refuse("simulation", "simulation belongs to the kind attempt, and to no other.")
        }
    }

    var insertion: SQL {
        """
        INSERT INTO faults (operation, kind, milliseconds, status, code, message, remaining, probability, seed, matching,
            simulation, attempts, per_second)
        VALUES (\(operation), \(kind), \(milliseconds)::int, \(status)::int, \(code), \(message), \(times)::int,
            \(probability), \(seed), \(matching), \(simulation), \(attempts)::int, \(perSecond))
        """
    }
}

/// One row of `simulations`. `null` for a time: until told.
private struct SimulationOrder {
    private let name: String
    private let milliseconds: [Int?]
    private let spread: Int
    private let starts: Bool
    private let failing: Double
    private let seed: Int
    private let exitCode: Int?
    private let reason: String?
    private let statusReason: String
    private let retries: Bool
    private let logLines: Int?

    init(_ reader: inout ObjectReader) {
        name = reader.string("name") ?? ""
        if !BatchName.isValid(name) || name.utf8.count > 64 {
            reader.refuse("name", "name must be at most 64 letters, digits, hyphens and underscores.")
        }
        var times: [Int?] = []
        for member in ["runnableMs", "startingMs", "runningMs"] {
            let isHeld = reader.names.contains(member) && reader.value(member) == nil
            let time = reader.bounded(member, 0...864_000_000)
            times.append(isHeld ? nil : time ?? 0)
        }
        milliseconds = times
        spread = reader.bounded("spreadMs", 0...864_000_000) ?? 0
        starts = reader.bool("starts") ?? true
        failing = reader.share("failing") ?? 0
        seed = reader.integer("seed") ?? 0
        exitCode = reader.bounded("exitCode", 0...255)
        reason = reader.string("reason")
        statusReason = reader.string("statusReason") ?? "Essential container in task exited"
        retries = reader.bool("retries") ?? true
        let hasNoStream = reader.names.contains("logLines") && reader.value("logLines") == nil
        let lines = reader.bounded("logLines", 0...10_000)
        logLines = hasNoStream ? nil : lines ?? 1
    }

    var upsert: SQL {
        """
        INSERT INTO simulations (name, runnable_ms, starting_ms, running_ms, spread_ms, starts, failing, seed, exit_code,
            reason, status_reason, retries, log_lines)
        VALUES (\(name), \(milliseconds[0])::int, \(milliseconds[1])::int, \(milliseconds[2])::int, \(spread)::int,
            \(starts), \(failing), \(seed), \(exitCode)::int, \(reason), \(statusReason), \(retries), \(logLines)::int)
        ON CONFLICT (name) DO UPDATE SET (runnable_ms, starting_ms, running_ms, spread_ms, starts, failing, seed, exit_code,
            reason, status_reason, retries, log_lines) = (excluded.runnable_ms, excluded.starting_ms, excluded.running_ms,
            excluded.spread_ms, excluded.starts, excluded.failing, excluded.seed, excluded.exit_code, excluded.reason,
            excluded.status_reason, excluded.retries, excluded.log_lines)
        """
    }
}

extension ObjectReader {
    fileprivate mutating func bounded(_ name: String, _ range: ClosedRange<Int>) -> Int? {
        guard let value = integer(name) else { return nil }
        if !range.contains(value) {
            refuse("range", "\(name) must be \(range.lowerBound) to \(range.upperBound).")
        }
        return value
    }

    fileprivate mutating func share(_ name: String, moreThan least: Double = -1) -> Double? {
        guard let value = value(name) else { return nil }
        guard let share = value.double, share > least, (0...1).contains(share) else {
            refuse("range", "\(name) must be a number from 0 to 1\(least == 0 ? ", and more than 0" : "").")
            return nil
        }
        return share
    }
}

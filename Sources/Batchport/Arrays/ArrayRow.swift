import FoundationEssentials
import JSON
import JobManifest
import PostgreSQL

/// An array's own columns and its children's rows, in the transaction that makes the job.
enum ArrayRow {
    /// Children exist from the submission on: what is asked of one before AWS has it is answered by its row.
    static func children(of job: UUID, _ plan: ArrayPlan) -> SQL {
        let ranges = (0..<plan.spans.children).map(plan.spans.range)
        return """
            INSERT INTO children (job, k, first_element, elements)
            SELECT \(job), span.n - 1, span.first, span.count
            FROM unnest(\(ranges.map(\.lowerBound)), \(ranges.map(\.count))) WITH ORDINALITY AS span (first, count, n)
            """
    }
}

extension Submit {
    /// The upload that holds the elements, marked as used; a list that came with the request becomes one.
    static func placeElements(
        _ plan: ArrayPlan, _ environment: BatchEnvironment, _ person: UUID, _ database: inout Connection
    ) throws -> UUID {
        switch plan.elements {
        case .upload(let id):
            let changed = try database.execute(
                "UPDATE uploads SET state = 'used' WHERE id = \(id) AND state = 'complete'")
            guard changed == 1 else { throw Failure.conflict("An upload was used by another submission just now.") }
            return id
        case .again(let again): return try place(again, environment, person, &database)
        case .text(let bytes):
            let id = try database.announceUpload(
                owner: person, environment: environment.id, name: "elements.jsonl", size: Int64(bytes.count),
                sha256: nil)
            var rest = bytes[...]
            _ = try database.receive(upload: id, limit: Int64(bytes.count), announced: nil) { most in
                defer { rest = rest.dropFirst(most) }
                return rest.isEmpty ? nil : Array(rest.prefix(most))
            }
            try database.execute("UPDATE uploads SET state = 'used' WHERE id = \(id)")
            return id
        }
    }

    /// A whole list is shared by its jobs; some of its elements are a list of their own, which the worker picks.
    private static func place(
        _ again: ElementsAgain, _ environment: BatchEnvironment, _ person: UUID, _ database: inout Connection
    ) throws -> UUID {
        let locked = try database.execute(
            "UPDATE uploads SET state = 'used' WHERE id = \(again.upload) AND state = 'used'")
        guard locked == 1 else { throw Failure.conflict("The map whose elements these are is being deleted just now.") }
        guard let chosen = again.chosen else { return again.upload }
        let id = UUID()
        let list: JSONValue = ["form": .string(again.list.form.rawValue), "count": JSONValue(again.list.count)]
        try database.execute(
            """
            INSERT INTO uploads (id, owner, environment, name, size, state, elements, source, chosen)
            VALUES (\(id), \(person), \(environment.id), 'elements.jsonl', \(again.size), 'used', \(list.text)::jsonb,
                \(again.upload), \(chosen.bytes))
            """)
        return id
    }
}

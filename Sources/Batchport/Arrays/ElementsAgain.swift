import FoundationEssentials
import JSON
import PostgreSQL

/// The list of another map of the asker's, whole or without those of its elements that have a value.
struct ElementsAgain {
    let upload: UUID
    let list: ElementList
    /// Nil for all of them.
    let chosen: ElementChoice?
    /// Of the list that is picked from, in bytes.
    let size: Int64
}

extension Connection {
    /// Adds a problem where there is none to be had.
    mutating func elementsAgain(
        of job: UUID, onlyMissing: Bool, in environment: BatchEnvironment, _ problems: inout [Failure.Problem]
    ) throws -> ElementsAgain? {
        let found = try row(
            """
            SELECT j.id, j.elements, j.settled_at IS NOT NULL, u.id, u.elements->>'form', u.size,
                j.bucket = \(environment.ioBucket) AND j.region = \(environment.region),
                u.state = 'used' AND (u.elements ? 'stored' OR u.is_direct OR u.source IS NOT NULL
                    OR EXISTS (SELECT FROM upload_chunks c WHERE c.upload = u.id))
            FROM jobs j JOIN uploads u ON u.id = j.elements_upload WHERE j.id = \(job)
            """
        ) { row in
            (
                job: try row.uuid(0), elements: try row.int(1), isSettled: try row.bool(2), upload: try row.uuid(3),
                form: try row.textOptional(4).flatMap(ElementList.Form.init) ?? .lines,
                size: try row.value(5, as: Int64?.self) ?? 0, isHere: try row.bool(6), isKept: try row.bool(7)
            )
        }
        guard let found else {
            problems.append(.unknownMap)
            return nil
        }
        guard found.isHere, found.isKept else {
            problems.append(found.isHere ? .listNotKept : .otherBucket)
            return nil
        }
        let whole = ElementsAgain(
            upload: found.upload, list: ElementList(form: found.form, count: found.elements), chosen: nil,
            size: found.size)
        if !onlyMissing { return whole }
        guard found.isSettled else {
            problems.append(.notSettled)
            return nil
        }
        let chosen = try elementsWithoutValue(of: found.job, elements: found.elements)
        if chosen.count == found.elements { return whole }
        guard chosen.count > 0 else {
            problems.append(.nothingMissing)
            return nil
        }
        return ElementsAgain(
            upload: found.upload, list: ElementList(form: .lines, count: chosen.count), chosen: chosen, size: found.size
        )
    }

    private mutating func elementsWithoutValue(of job: UUID, elements: Int) throws -> ElementChoice {
        var chosen = ElementChoice(of: elements)
        for element in 0..<elements { chosen[element] = true }
        let chunks = try rows("SELECT chunk, bits FROM elements_with_value(\(job))") { (try $0.int(0), try $0.text(1)) }
        for (chunk, bits) in chunks {
            for (n, bit) in bits.utf8.enumerated() where bit == UInt8(ascii: "1") {
                let element = chunk * ResultChunk.size + n
                if element < elements { chosen[element] = false }
            }
        }
        return chosen
    }
}

extension Failure.Problem {
    fileprivate static let unknownMap = Failure.Problem(
        "/elements", "unknownJob", "There is no map of yours with this id whose elements could be taken.")
    fileprivate static let listNotKept = Failure.Problem(
        "/elements", "expired",
        "The elements of that map are not kept any more, since it was never sent: add them again.")
    fileprivate static let otherBucket = Failure.Problem(
        "/elements", "otherBucket", "The elements of that map lie in the bucket of another environment: add them again."
    )
    fileprivate static let notSettled = Failure.Problem(
        "/elements", "notSettled",
        "That map is not settled yet: which of its elements come to nothing is known only then.")
    fileprivate static let nothingMissing = Failure.Problem(
        "/elements", "nothingMissing", "Every element of that map has a value: nothing is to be run again.")
}

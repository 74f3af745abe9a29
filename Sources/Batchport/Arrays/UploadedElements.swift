import FoundationEssentials
import JSON
import PostgreSQL

/// Whether an uploaded file is a list of elements is seen while its bytes pass: the web process cannot read them again.
struct UploadScan {
    private var scanner: ElementScanner
    private var fault: ElementFault?

    init(_ limits: ElementScanner.Limits) { scanner = ElementScanner(limits) }

    /// After the first fault nothing more is looked at.
    mutating func feed(_ bytes: [UInt8]) throws {
        guard fault == nil else { return }
        do { try scanner.feed(bytes) } catch let found as ElementFault { fault = found }
    }

    /// As `uploads.elements` has it.
    mutating func finish() throws -> JSONValue {
        do {
            if let fault { throw fault }
            let list = try scanner.finish()
            return ["form": .string(list.form.rawValue), "count": JSONValue(list.count)]
        } catch let fault as ElementFault {
            return [
                "fault": .string(fault.problem), "line": JSONValue(fault.line), "column": JSONValue(fault.column),
                "limit": JSONValue(fault.limit),
            ]
        }
    }
}

extension Upload {
    /// It was read, and is a list of elements.
    var isList: Bool { elements?["count"]?.integer != nil }

    /// What was seen of it while it came.
    var elementList: ElementList {
        get throws {
            if let form = elements?["form"]?.string.flatMap(ElementList.Form.init),
                let count = elements?["count"]?.integer
            {
                return ElementList(form: form, count: count)
            }
            guard let problem = elements?["fault"]?.string else {
                throw ElementFault(line: 1, column: 1, problem: "were not read for elements: upload them again")
            }
            throw ElementFault(
                line: elements?["line"]?.integer ?? 1, column: elements?["column"]?.integer ?? 1, problem: problem,
                limit: elements?["limit"]?.integer)
        }
    }
}

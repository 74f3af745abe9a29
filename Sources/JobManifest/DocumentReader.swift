internal import JSON

/// Why a manifest or an outcome cannot be used.
package struct DocumentError: Error, Sendable, Equatable, CustomStringConvertible {
    /// `manifest` or `outcome`.
    package let document: String
    /// JSON Pointer (RFC 6901) of what is wrong; empty for the whole.
    package let pointer: String
    package let problem: String

    package var description: String {
        pointer.isEmpty ? "The \(document) \(problem)." : "The \(document)'s \(pointer) \(problem)."
    }
}

/// Reads the members it knows and ignores the others: a document of the same version may have newer ones.
struct DocumentReader {
    let document: String
    let pointer: String
    let value: JSONValue

    /// Refuses what is not JSON, not an object, or of a version newer than `version`.
    static func open(_ bytes: [UInt8], _ document: String, version: Int) throws(DocumentError) -> DocumentReader {
        let value: JSONValue
        do { value = try JSONValue.parse(bytes) } catch {
            let place = "line \(error.line), column \(error.column)"
            throw DocumentError(document: document, pointer: "", problem: "\(error.reason.rawValue) at \(place)")
        }
        let reader = try DocumentReader(document: document, pointer: "", value: value).object()
        let found = try reader.count("version")
        guard (1...version).contains(found) else {
            let remedy = "this program knows versions up to \(version): bring it up to date"
            throw reader.fault("version", "is \(found), but \(remedy)")
        }
        return reader
    }

    func fault(_ problem: String) -> DocumentError {
        DocumentError(document: document, pointer: pointer, problem: problem)
    }

    func fault(_ name: String, _ problem: String) -> DocumentError {
        DocumentError(document: document, pointer: pointer(to: name), problem: problem)
    }

    func has(_ name: String) -> Bool { value[name].map { !$0.isNull } ?? false }

    func member(_ name: String) throws(DocumentError) -> DocumentReader {
        guard has(name), let member = value[name] else { throw fault(name, "is missing") }
        return DocumentReader(document: document, pointer: pointer(to: name), value: member)
    }

    func object() throws(DocumentError) -> DocumentReader {
        guard value.members != nil else { throw fault("must be an object, not \(value.kind)") }
        return self
    }

    func object(_ name: String) throws(DocumentError) -> DocumentReader { try member(name).object() }

    func string() throws(DocumentError) -> String {
        guard let text = value.string else { throw fault("must be a string, not \(value.kind)") }
        return text
    }

    func string(_ name: String) throws(DocumentError) -> String { try member(name).string() }

    /// A whole number, zero or more.
    func count(_ name: String) throws(DocumentError) -> Int {
        let member = try member(name)
        guard let number = member.value.integer, number >= 0 else {
            throw member.fault("must be a whole number, zero or more")
        }
        return number
    }

    func choice<T: RawRepresentable & CaseIterable>(_ name: String, _ type: T.Type) throws(DocumentError) -> T
    where T.RawValue == String {
        let text = try string(name)
        guard let value = T(rawValue: text) else {
            let known = T.allCases.map(\.rawValue).joined(separator: ", ")
            throw fault(name, "is \u{201C}\(text.prefix(32))\u{201D}, known are \(known)")
        }
        return value
    }

    func items(_ name: String) throws(DocumentError) -> [DocumentReader] {
        let member = try member(name)
        guard let items = member.value.array else { throw member.fault("must be an array") }
        return items.enumerated().map { index, item in
            DocumentReader(document: document, pointer: member.pointer + "/\(index)", value: item)
        }
    }

    func strings(_ name: String) throws(DocumentError) -> [String] {
        var strings: [String] = []
        for item in try items(name) { strings.append(try item.string()) }
        return strings
    }

    private func pointer(to name: String) -> String {
        pointer + "/" + name.replacing("~", with: "~0").replacing("/", with: "~1")
    }
}

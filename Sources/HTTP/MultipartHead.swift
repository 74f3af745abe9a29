extension MultipartReader {
    static func boundary(_ contentType: String) -> String? {
        let parts = contentType.split(separator: ";")
        guard parts.first?.lowercased() == "multipart/form-data" else { return nil }
        for part in parts.dropFirst() {
            let text = part.drop { $0 == " " }
            guard text.lowercased().hasPrefix("boundary=") else { continue }
            var value = text.dropFirst(9)
            if value.first == "\"", value.last == "\"", value.count > 1 { value = value.dropFirst().dropLast() }
            return (1...70).contains(value.utf8.count) ? String(value) : nil
        }
        return nil
    }

    static func part(_ head: String) throws -> Part {
        var disposition: String?
        var contentType: String?
        for line in head.components(separatedBy: "\r\n") {
            guard let colon = line.firstIndex(of: ":") else { throw malformedHead }
            let value = String(line[line.index(after: colon)...].drop { $0 == " " })
            switch line[..<colon].lowercased() {
            case "content-disposition": disposition = value
            case "content-type": contentType = value
            default: break
            }
        }
        guard let disposition, disposition.lowercased().hasPrefix("form-data"),
            let name = parameter("name", of: disposition)
        else { throw malformedHead }
        return Part(name: name, filename: parameter("filename", of: disposition), contentType: contentType)
    }

    /// `; name="value"`. Browsers write `"` in a value as `%22` (WHATWG), so the next quote ends it.
    private static func parameter(_ name: String, of disposition: String) -> String? {
        guard let start = disposition.firstRange(of: "; \(name)=\"") else { return nil }
        let rest = disposition[start.upperBound...]
        guard let end = rest.firstIndex(of: "\"") else { return nil }
        return String(rest[..<end]).replacing("%22", with: "\"").replacing("%0D", with: "\r").replacing(
            "%0A", with: "\n")
    }

    private static var malformedHead: RequestError {
        .bad("malformedForm", "A part of the form has no well-formed head.")
    }
}

extension String {
    fileprivate func components(separatedBy separator: String) -> [String] {
        split(separator: separator, omittingEmptySubsequences: true).map(String.init)
    }
}

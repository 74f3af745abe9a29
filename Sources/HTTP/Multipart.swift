/// multipart/form-data (RFC 7578), read part by part as it arrives; no part is held whole unless asked for.
package struct MultipartReader: ~Copyable {
    package struct Part: Sendable, Equatable {
        package let name: String
        /// Set for files, and then as the browser gave it: not to be trusted as a path.
        package let filename: String?
        package let contentType: String?
    }

    private let delimiter: [UInt8]
    private var buffer: [UInt8]
    private var isBodyDone = false
    private var isFinished = false
    private var isInPart = false
    private var parts = 0
    private let limit: Int

    /// Nil if the content type is not multipart/form-data with a boundary.
    package init?(contentType: String?, partLimit: Int = 200) {
        guard let contentType, let boundary = Self.boundary(contentType) else { return nil }
        delimiter = Array("\r\n--\(boundary)".utf8)
        buffer = Array("\r\n".utf8)
        limit = partLimit
    }

    /// The next part's head, after skipping what is left of the one before; nil at the end.
    package mutating func next(_ body: inout RequestBody) throws -> Part? {
        while isInPart { _ = try chunk(&body) }
        if isFinished { return nil }
        if parts == 0 { try skipToFirst(&body) }
        if isFinished { return nil }
        parts += 1
        guard parts <= limit else { throw RequestError.bad("tooManyParts", "The form has more than \(limit) parts.") }
        let part = try Self.part(try head(&body))
        isInPart = true
        return part
    }

    /// The next bytes of the present part; nil at its end.
    package mutating func chunk(_ body: inout RequestBody) throws -> [UInt8]? {
        guard isInPart else { return nil }
        while true {
            if let at = firstIndex(of: delimiter) {
                let bytes = Array(buffer[..<at])
                if !bytes.isEmpty {
                    buffer.removeFirst(at)
                    return bytes
                }
                try endPart(&body)
                return nil
            }
            let safe = buffer.count - delimiter.count + 1
            if safe >= 1 << 15 {
                let bytes = Array(buffer[..<safe])
                buffer.removeFirst(safe)
                return bytes
            }
            try fill(&body)
        }
    }

    /// All of the present part as text.
    package mutating func text(_ body: inout RequestBody, limit: Int) throws -> String {
        var bytes: [UInt8] = []
        while let piece = try chunk(&body) {
            bytes += piece
            guard bytes.count <= limit else { throw BodyError.tooLarge }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw RequestError.bad("malformedForm", "A field of the form is not UTF-8.")
        }
        return text
    }

    private mutating func fill(_ body: inout RequestBody) throws {
        guard let piece = try body.chunk(max: 1 << 16) else {
            isBodyDone = true
            throw BodyError.truncated
        }
        buffer += piece
    }

    private mutating func skipToFirst(_ body: inout RequestBody) throws {
        while true {
            if let at = firstIndex(of: delimiter) {
                buffer.removeFirst(at)
                return try endPart(&body)
            }
            guard buffer.count < 1 << 16 else { throw malformed }
            try fill(&body)
        }
    }

    /// Behind a delimiter: another part, or `--` and the end.
    private mutating func endPart(_ body: inout RequestBody) throws {
        isInPart = false
        while buffer.count < delimiter.count + 2 { try fill(&body) }
        buffer.removeFirst(delimiter.count)
        if buffer.starts(with: Array("--".utf8)) {
            isFinished = true
            buffer = []
            while try body.chunk(max: 1 << 16) != nil {}
        } else if buffer.starts(with: Array("\r\n".utf8)) {
            buffer.removeFirst(2)
        } else {
            throw malformed
        }
    }

    private mutating func head(_ body: inout RequestBody) throws -> String {
        let end = Array("\r\n\r\n".utf8)
        while true {
            if let at = firstIndex(of: end) {
                let bytes = Array(buffer[..<at])
                buffer.removeFirst(at + end.count)
                guard let text = String(validating: bytes, as: UTF8.self) else { throw malformed }
                return text
            }
            guard buffer.count < 1 << 14 else { throw malformed }
            try fill(&body)
        }
    }

    private var malformed: RequestError { .bad("malformedForm", "The form is not well-formed multipart/form-data.") }

    private func firstIndex(of pattern: [UInt8]) -> Int? {
        guard buffer.count >= pattern.count else { return nil }
        var at = 0
        while let found = buffer[at...].firstIndex(of: pattern[0]), found + pattern.count <= buffer.count {
            if buffer[found..<found + pattern.count].elementsEqual(pattern) { return found }
            at = found + 1
        }
        return nil
    }
}

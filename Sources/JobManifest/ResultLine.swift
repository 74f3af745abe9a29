internal import JSON

/// One line of a child's results, as the runner uploads them while they come: JSON Lines, in any order, each element at
/// most once an object.
package struct ResultLine: Sendable, Equatable {
    /// The element's place in the whole list, from 0.
    package let index: Int
    package let content: Content

    package enum Content: Sendable, Equatable {
        /// JSON.
        case value([UInt8])
        /// Wolfram Language text of a value that JSON has no form for.
        case inputForm(String)
        case missing(Cause, message: String)
    }

    /// Why an element has no result; a subset of the causes in the product's vocabulary.
    package enum Cause: String, Sendable, CaseIterable {
        case evaluationFailed, invalid, tooLarge
    }

    package init(index: Int, content: Content) {
        self.index = index
        self.content = content
    }

    /// With the LF at its end.
    package var bytes: [UInt8] {
        var line = Array("{\"index\":\(index),".utf8)
        switch content {
        case .value(let json): line += Array("\"value\":".utf8) + json
        case .inputForm(let text): line += Array("\"inputForm\":".utf8) + JSONValue.string(text).serialized()
        case .missing(let cause, let message):
            let missing: JSONValue = ["cause": .string(cause.rawValue), "message": .string(message)]
            line += Array("\"missing\":".utf8) + missing.serialized()
        }
        return line + Array("}\n".utf8)
    }

    /// Reads a line without its LF. It was written inside a user's container: nil for what is not such a line.
    package init?(bytes: [UInt8]) {
        guard let line = try? JSONValue.parse(bytes, maxDepth: Outcome.Result.maxDepth + 1),
            let index = line["index"]?.integer, index >= 0
        else { return nil }
        self.index = index
        if let value = line["value"] {
            content = .value(value.serialized(sortedKeys: false))
        } else if let text = line["inputForm"]?.string {
            content = .inputForm(text)
        } else if let missing = line["missing"], let cause = missing["cause"]?.string.flatMap(Cause.init),
            let message = missing["message"]?.string
        {
            content = .missing(cause, message: message)
        } else {
            return nil
        }
    }
}

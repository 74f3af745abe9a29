internal import COpenSSL

/// What went wrong, never with what.
package struct CryptographyError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        /// The library refused: a parameter out of range, or no memory.
        case refused
        /// The tag, wrap or key does not fit: tampered with, or meant for another key or context.
        case notAuthentic
        case badLength
    }

    package let kind: Kind
    package let operation: String

    package init(kind: Kind, operation: String) {
        self.kind = kind
        self.operation = operation
    }

    package var description: String { "\(operation): \(kind.rawValue)" }
}

/// OpenSSL's error queue is a thread's; it is emptied before each operation and after a failed one.
func clearErrors() { ERR_clear_error() }

func failed(_ operation: String, _ kind: CryptographyError.Kind = .refused) -> CryptographyError {
    ERR_clear_error()
    return CryptographyError(kind: kind, operation: operation)
}

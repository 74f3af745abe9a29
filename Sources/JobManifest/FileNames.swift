/// Why a file's name is refused.
package enum NameFault: String, Error, Sendable, CaseIterable {
    case empty, tooLong, separator, relative, controlCharacter, reserved

    /// Completes "The name …".
    package var sentence: String {
        switch self {
        case .empty: "is empty."
        case .tooLong: "is too long: at most 255 bytes a name, 768 a path."
        case .separator: "has a slash in a wrong place."
        case .relative: "may not be \u{201C}.\u{201D} or \u{201C}..\u{201D}."
        case .controlCharacter: "has a control character."
        case .reserved: "is kept for Batchport's own files: \(InputName.reserved.sorted().joined(separator: ", "))."
        }
    }
}

/// Names of input files: one component, placed in the working directory beside the code.
package enum InputName {
    /// What the runner itself puts into the working directory.
    package static let reserved: Set<String> = ["main.py", "main.sh", "main.wl", "output"]

    package static func fault(in name: String) -> NameFault? {
        if name.utf8.contains(UInt8(ascii: "/")) || name.utf8.contains(UInt8(ascii: "\\")) { return .separator }
        if let fault = componentFault(in: name) { return fault }
        return reserved.contains(name) ? .reserved : nil
    }
}

/// Paths of output files, relative to `output/`: components joined by single slashes.
package enum OutputPath {
    /// S3 keys have at most 1,024 bytes; the rest is for the environment's prefix and the job's folder.
    package static let maxBytes = 768

    package static func fault(in path: String) -> NameFault? {
        if path.isEmpty { return .empty }
        if path.utf8.count > maxBytes { return .tooLong }
        for component in path.split(separator: "/", omittingEmptySubsequences: false) {
            if component.isEmpty { return .separator }
            if let fault = componentFault(in: String(component)) { return fault }
        }
        return nil
    }
}

private func componentFault(in name: String) -> NameFault? {
    if name.isEmpty { return .empty }
    if name.utf8.count > 255 { return .tooLong }
    if name == "." || name == ".." { return .relative }
    return name.unicodeScalars.contains(where: isControl) ? .controlCharacter : nil
}

/// Control characters, line separators and the marks that reorder text on a screen.
private func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
}

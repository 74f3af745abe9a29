/// `attachment` with a name (RFC 6266, RFC 8187): ASCII for old readers, all of it for the others.
package func attachment(named name: String) -> String {
    let plain = name.unicodeScalars.map { scalar -> Character in
        scalar.value < 0x20 || scalar.value > 0x7E || "\"\\%/;".unicodeScalars.contains(scalar)
            ? "_" : Character(scalar)
    }
    let shown = String(plain.prefix(150))
    guard shown != name else { return "attachment; filename=\"\(name)\"" }
    return "attachment; filename=\"\(shown)\"; filename*=UTF-8''\(percentEncode(name))"
}

import FoundationEssentials
import HTML

/// Ids are written in lower case everywhere. By hand, since a list writes a hundred.
extension UUID: HTMLWritable {
    var lower: String { ("\(self)" as HTML).text }

    func write(to html: inout HTML) {
        let u = uuid
        let dash = UInt8(ascii: "-")
        let letters: InlineArray<36, UInt8> = [
            high(u.0), low(u.0), high(u.1), low(u.1), high(u.2), low(u.2), high(u.3), low(u.3), dash,
            high(u.4), low(u.4), high(u.5), low(u.5), dash, high(u.6), low(u.6), high(u.7), low(u.7), dash,
            high(u.8), low(u.8), high(u.9), low(u.9), dash, high(u.10), low(u.10), high(u.11), low(u.11),
            high(u.12), low(u.12), high(u.13), low(u.13), high(u.14), low(u.14), high(u.15), low(u.15),
        ]
        html.append(text: letters.span)
    }

    private func high(_ byte: UInt8) -> UInt8 { digit(byte >> 4) }
    private func low(_ byte: UInt8) -> UInt8 { digit(byte & 15) }
    private func digit(_ value: UInt8) -> UInt8 { (value < 10 ? 0x30 : 0x57) &+ value }
}

import HTML

/// How long something took or takes, in a reader's words: `8 s`, `26 min`, `2 h 07 min`, `3 d 4 h`.
struct Lapse: HTMLWritable {
    let milliseconds: Int64

    func write(to html: inout HTML) {
        let seconds = max(0, milliseconds) / 1000
        switch seconds {
        case ..<60: write(seconds, " s", to: &html)
        case ..<3600:
            write(seconds / 60, " min", to: &html)
            if seconds < 600, seconds % 60 > 0 { write(seconds % 60, " s", after: " ", to: &html) }
        case ..<86400:
            write(seconds / 3600, " h", to: &html)
            write(seconds / 60 % 60, " min", after: seconds / 60 % 60 < 10 ? " 0" : " ", to: &html)
        default:
            write(seconds / 86400, " d", to: &html)
            write(seconds / 3600 % 24, " h", after: " ", to: &html)
        }
    }

    private func write(_ number: Int64, _ unit: StaticString, after start: StaticString = "", to html: inout HTML) {
        html.append(markup: start)
        html.append(number)
        html.append(markup: unit)
    }
}

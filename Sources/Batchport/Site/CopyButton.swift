import HTML

/// Copies an element's text. It stays hidden where nobody is there to press it, since it does nothing without JavaScript.
enum CopyButton {
    static func html(_ id: String) -> HTML {
        "<button type=\"button\" class=\"btn small\" data-copy=\"\(id)\" hidden>Copy</button>"
    }
}

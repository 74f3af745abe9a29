import HTTP

/// What every answer of the program carries (trust.md S15–S17); nginx says the same on its own answers.
enum SecurityHeaders {
    /// Further sources a single page needs: a bucket's origin for previews, or for a form that posts a file to it.
    struct ContentPolicy {
        var imageOrigins: [String] = []
        var formOrigins: [String] = []

        var text: String {
            let images = (["'self'", "data:"] + imageOrigins).joined(separator: " ")
            let forms = (["'self'"] + formOrigins).joined(separator: " ")
            return "default-src 'none'; script-src 'self'; style-src 'self'; img-src \(images); connect-src 'self'; "
                + "form-action \(forms); base-uri 'none'; frame-ancestors 'none'"
        }
    }

    static func add(to response: inout Response, site: Site) {
        if response.headers.first("Content-Security-Policy") == nil {
            response.headers.set("Content-Security-Policy", ContentPolicy().text)
        }
        if response.headers.first("Cache-Control") == nil { response.headers.set("Cache-Control", "no-store") }
        response.headers.set("X-Content-Type-Options", "nosniff")
        // Under `no-referrer` a browser sends `Origin: null` with our own forms.
        if response.headers.first("Referrer-Policy") == nil {
            response.headers.set("Referrer-Policy", "same-origin")
        }
        response.headers.set("Cross-Origin-Opener-Policy", "same-origin")
        response.headers.set("Cross-Origin-Resource-Policy", "same-origin")
        if site.isSecure {
            response.headers.set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
        }
    }
}

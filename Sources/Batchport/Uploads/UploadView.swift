import Cryptography
import HTML
import JSON

struct UploadEntryView {
    let entry: UploadEntry
    let environment: BatchEnvironment
    let fields: FormFields
    let formToken: String

    var content: HTML {
        """
        <ol class="crumbs"><li><a href="/jobs/new?environment=\(environment.name)">New job</a></li></ol>
        <div class="sheet flow"><h1>Upload a large file</h1>\(fields.fault("environment"))
        <p>For jobs in <b>\(environment.name)</b>, up to \(Words.size(environment.limits.uploadBytes)). It goes from your \
        browser straight to the bucket <code>\(environment.ioBucket)</code>; name it first.</p>
        \(fields.summary("Nothing was announced."))
        <form class="flow" method="post" action="/uploads">\(FormToken.input(formToken))
        <input type="hidden" name="environment" value="\(entry.environment)">
        \(fields.text("name", "Name", entry.name, hint: "As the code will find it in its working directory"))
        \(fields.text(
            "sha256", "SHA-256", entry.sha256,
            hint: "If you know it, 64 hexadecimal digits: a file with another one is refused"))
        <button class="btn main">Go on to the file</button></form></div>
        """
    }
}

/// An announced file: the form that sends it, or what became of it.
struct UploadView {
    let upload: Upload
    let environment: BatchEnvironment
    let refreshing: Refreshing
    let assets: Assets
    let now: Int64
    /// Signed by the worker, where the file is still to come.
    var form: JSONValue?
    /// It was sent, and is being looked for or read.
    var isExpected = false

    private var word: String {
        switch upload.state {
        case .complete: "Ready"
        case .used: "In use"
        case .removing: "Being removed"
        case .open: isExpected ? "Being checked" : upload.trouble == nil ? "To be sent" : "Not taken"
        }
    }

    var title: String { "\(word) – \(upload.name)" }

    var content: HTML {
        let moving: HTML? = isExpected ? " data-moving" : nil
        let refresh: HTML? = isExpected ? "<p class=\"prov\">\(refreshing.line(now: now))</p>" : nil
        return """
            <ol class="crumbs"><li><a href="/jobs/new?environment=\(environment.name)">New job</a></li></ol>
            <div data-live="upload"\(moving)><div class="sheet flow"><h1>\(upload.name)</h1>\(problem)
            \(body)\(refresh)</div></div>
            """
    }

    private var problem: HTML? {
        guard upload.state == .open, let trouble = upload.trouble else { return nil }
        return """
            <div class="note" data-s="error">\(assets.icon("warn"))<div><strong>The file was not taken.</strong> \(trouble)\
            </div></div>
            """
    }

    private var body: HTML {
        switch upload.state {
        case .complete:
            """
            <p><b>Ready</b>, \(size). Choose it in the form of a new job, or go back to the tab where yours is and press \
            “Show what was uploaded”. Unused, it is kept until \(until).</p>
            <p class="small dim">SHA-256 <code>\(upload.sha256.map(hex) ?? "")</code></p>
            <p><a class="btn main" href="/jobs/new?environment=\(environment.name)">New job</a></p>
            """
        case .used: "<p>A job uses it, \(size); it goes with the last job that does.</p>"
        case .removing: "<p>The last job that used it is being deleted.</p>"
        case .open:
            isExpected
                ? "<p>Sent. The worker reads it once, for its SHA-256; then it can be chosen for a job.</p>" : send
        }
    }

    private var size: String { Words.size(upload.size ?? 0) }
    private var until: HTML { "\(Instant(upload.expiresAt).element(Instant(upload.expiresAt).date))" }

    /// Names and order are the policy's; the file must be the last field.
    private var send: HTML {
        let fields = (form?["fields"]?.members ?? []).map { field -> HTML in
            "<input type=\"hidden\" name=\"\(field.name)\" value=\"\(field.value.string)\">"
        }
        let until: HTML? = form?["expiresAt"]?.string.flatMap(Instant.init(rfc3339:)).map { $0.element($0.clock) }
        return """
            <p>Choose the file and send it; the bucket then leads you back here. Begin before \(until) UTC.</p>
            <form class="flow" method="post" enctype="multipart/form-data" action="\(form?["url"]?.string)">\(fields)
            <div class="field full"><label for="file">File</label>
            <span class="hint" id="file-hint">Kept as \(upload.name), whatever it is called where it comes from. At most \
            \(Words.size(upload.size ?? environment.limits.uploadBytes)).</span>
            <input id="file" type="file" name="file" required aria-describedby="file-hint"></div>
            <button class="btn main">\(assets.icon("upload"))Send to the bucket</button></form>
            """
    }
}

import HTML

/// The form for a credential's new secret.
struct SecretView {
    let credential: Credential
    let entry: AccessKeyEntry
    let fields: FormFields
    let formToken: String
    let proof: HTML?

    var title: String {
        fields.problems.isEmpty
            ? "Replace the secret – \(credential.name)" : "Nothing was replaced – \(credential.name)"
    }

    var content: HTML {
        """
        <ol class="crumbs"><li><a href="/credentials">Credentials</a></li></ol>
        <div class="head"><div><h1>Replace the secret of \(credential.name)</h1>
        <p class="says">It is \(credential.words) now. The new key is checked first, and must be of the same account\(account). \
        Until then the one before signs; after that, jobs that wait for this credential go on.</p></div></div>
        <form class="flow" method="post" action="/credentials/\(credential.id.lower)/secret">\(FormToken.input(formToken))
        \(fields.summary("Nothing was stored. Secrets must be typed again."))
        \(Self.inputs(fields, entry))
        \(proof)<div class="acts"><button class="btn main">Replace</button> <a class="btn" href="/credentials">Back</a></div>
        </form>
        """
    }

    private var account: HTML? { credential.account.map { ", \($0)" } }

    static func inputs(_ fields: FormFields, _ entry: AccessKeyEntry) -> HTML {
        """
        <div class="row">\(fields.text(
            "access_key_id", "Access key id", entry.accessKeyID,
            extra: "class=\"mono\" autocomplete=\"off\" spellcheck=\"false\""))
        \(fields.text(
            "secret_access_key", "Secret access key", "", extra: "type=\"password\" autocomplete=\"off\""))</div>
        \(fields.text(
            "session_token", "Session token", "", hint: "Only for temporary keys",
            extra: "type=\"password\" autocomplete=\"off\""))
        \(fields.text(
            "expires", "Ends", entry.expires, hint: "Only for temporary keys: 2026-12-31 23:59, in UTC"))
        """
    }
}

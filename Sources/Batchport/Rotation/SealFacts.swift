import JSON

/// The vault's seal as the documents of admins have it (`seal_facts`); nil while it is not sealed.
struct SealFacts {
    let words: String

    init?(_ facts: JSONValue?) {
        guard let seconds = facts?["seconds"]?.integer, let by = facts?["by"]?.string,
            let reason = facts?["reason"]?.string
        else { return nil }
        words = "for \(Words.duration(milliseconds: Int64(seconds) * 1000)) by \(by): \(reason)"
    }
}

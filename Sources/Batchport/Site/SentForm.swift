import HTTP

/// A form of a page that has several, as it was sent and refused: shown again with all that was chosen in it.
struct SentForm {
    /// Which one, as `FormFields.form` has it.
    let name: String
    let form: Form
    let problems: [Failure.Problem]

    init(_ name: String, _ form: Form, _ problems: [Failure.Problem]) {
        self.name = name
        self.form = form
        self.problems = problems
    }
}

extension SentForm? {
    var problems: [Failure.Problem] { self?.problems ?? [] }

    /// What was typed into that form's field; nil where it is another form that was sent, or none.
    func typed(_ field: String, in name: String) -> String? {
        guard let self, self.name == name else { return nil }
        return (try? self.form.one(field)) ?? ""
    }

    /// What was ticked there.
    func ticked(_ field: String, in name: String) -> Set<String>? {
        guard let self, self.name == name else { return nil }
        return Set(self.form.all(field))
    }
}

extension BatchEnvironment {
    /// Why it takes nothing now, with what its managers tell those who come; nil where it does.
    var whyClosed: Failure.Problem? {
        if isEnabled { return nil }
        let message = disabledMessage.isEmpty ? "" : " " + disabledMessage
        return .init("/environment", "disabled", "The environment \(name) is disabled.\(message)")
    }
}

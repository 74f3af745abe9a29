import HTML
import JSON

/// What only those who manage an environment can do with it.
struct EnvironmentManagement {
    let environment: BatchEnvironment
    let formToken: String
    let mayManage: Bool

    private var path: String { "/environments/" + environment.id.lower }

    var buttons: HTML? {
        mayManage
            ? """
            <a class="btn" href="\(path)/edit">Edit</a>
            <form method="post" action="\(path)/check">\(FormToken.input(formToken))<button class="btn">Check now</button>\
            </form>
            """ : nil
    }

    var content: HTML { "\(environment.isEnabled ? disable : enable)\(delete)" }

    private var enable: HTML {
        """
        <form method="post" action="\(path)/enabled">\(FormToken.input(formToken))
        <input type="hidden" name="enabled" value="yes"><button class="btn">Enable it again</button></form>
        """
    }

    private var disable: HTML {
        """
        <details class="more"><summary>Disable it</summary>
        <form class="flow" method="post" action="\(path)/enabled">\(FormToken.input(formToken))
        <p>No new job is taken; those on their way go on.</p>
        <div class="field full"><label for="disabledMessage">What to tell those who come</label>
        <input id="disabledMessage" name="disabledMessage" maxlength="500" autocomplete="off"></div>
        <div><button class="btn">Disable \(environment.name)</button></div></form></details>
        """
    }

    private var delete: HTML {
        """
        <details class="more"><summary>Delete it</summary>
        <form class="flow" method="post" action="\(path)/delete">\(FormToken.input(formToken))
        <p>Its jobs stay, with their outputs. It is refused while one of them is not settled. Nothing at AWS is touched.</p>
        <div><button class="btn">Delete \(environment.name)</button></div></form></details>
        """
    }
}

/// Versions with who made them and what is different.
struct EnvironmentVersionsView {
    let history: EnvironmentHistory
    let now: Int64

    var content: HTML {
        let items = history.versions.map { version -> HTML in
            let changes = version.changes.map { change -> HTML in
                """
                <li><code>\(change.name)</code>: \(Self.shown(change.from)) → \(Self.shown(change.to))</li>
                """
            }
            let first: HTML? = version.number == 1 ? "<p class=\"small dim\">Made.</p>" : nil
            let list: HTML? = changes.isEmpty ? first : "<ul class=\"small plain\">\(changes)</ul>"
            let instant = Instant(version.at)
            return """
                <div><dt>Version \(version.number) <span class="sub">\(version.by ?? "the command line"), \
                \(instant.element(Words.duration(milliseconds: now - version.at) + " ago"))</span></dt><dd>\(list)</dd></div>
                """
        }
        let more: HTML? = history.hasMore ? "<p class=\"small dim\">Older ones are in the API.</p>" : nil
        return "<dl class=\"rows versions\">\(items)</dl>\(more)"
    }

    private static func shown(_ value: JSONValue) -> HTML {
        switch value {
        case .null: "<span class=\"dim\">none</span>"
        case .string(let text): text.isEmpty ? "<span class=\"dim\">empty</span>" : "<b>\(text)</b>"
        case .array(let items):
            "<b>\(items.map { $0.string ?? $0["name"]?.string ?? ($0["everyone"] != nil ? "everyone" : $0.text) }.joined(separator: ", "))</b>"
        default:
            value["sealed"] != nil ? "<span class=\"dim\">sealed</span>" : "<b>\(value.text)</b>"
        }
    }
}

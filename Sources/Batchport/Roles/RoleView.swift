import HTML

struct RoleView {
    let fields: FormFields
    let entry: RoleEntry
    let account: String
    /// The asker's own for that account.
    let externalID: String?
    let portal: ShownPortal
    /// Environments in that account.
    let places: [BatchEnvironment]
    let formToken: String
    let proof: HTML?

    var content: HTML {
        """
        <ol class="crumbs"><li><a href="/credentials">Credentials</a></li></ol>
        <div class="head"><div><h1>Add a role</h1>
        <p class="says">A role has no key that could get lost: Batchport assumes it for an hour at most, and for no more than \
        a job’s environment needs.</p></div></div>
        \(portalNote)\(fields.summary("Nothing was stored. What you typed is still here."))
        <section class="sec" aria-labelledby="account-step"><div class="side"><h2 id="account-step">1. The account</h2>
        <p>Its ExternalId is made once, and is yours alone.</p></div>\(accountForm)</section>
        \(externalID.map(policies))
        <section class="sec" aria-labelledby="role-step"><div class="side"><h2 id="role-step">3. The role</h2>
        <p>It is checked when it is saved: it must refuse whoever does not know the ExternalId.</p></div>\(roleForm)</section>
        """
    }

    private var portalNote: HTML? {
        portal.trouble.map { trouble in
            """
            <div class="note" data-s="warn">\(fields.assets.icon("warn"))<div><strong>Roles cannot be assumed just now.\
            </strong><p class="mt2">\(trouble)</p></div></div>
            """
        }
    }

    private var accountForm: HTML {
        """
        <form class="flow" method="post" action="/credentials/external-ids">\(FormToken.input(formToken))\(from)
        \(fields.text(
            "account", "AWS account", account, hint: "12 digits",
            extra: "class=\"mono\" inputmode=\"numeric\" autocomplete=\"off\""))
        <div><button class="btn">Show what to paste</button></div></form>
        """
    }

    private var from: HTML? {
        entry.isFromSetUp ? "<input type=\"hidden\" name=\"from\" value=\"\(RoleEntry.setUp)\">" : nil
    }

    private func policies(_ externalID: String) -> HTML {
        """
        <section class="sec" aria-labelledby="policy-step"><div class="side"><h2 id="policy-step">2. Its policies</h2>
        <p>In a role of the account \(account).</p></div><div class="flow">
        <p>ExternalId <code id="external-id">\(externalID)</code> \(CopyButton.html("external-id"))</p>
        \(portal.arn.map { arn in
            Self.policy("trust", "Trust policy", TrustPolicy(portal: arn, externalID: externalID).text)
        })
        \(permissions)
        <p class="small dim">A stack made from <code>deploy/aws/environment.yaml</code> has such a role: give it this \
        ExternalId\(portal.arn.map { ", and \($0) as PortalPrincipal" } ?? "").</p></div></section>
        """
    }

    private var permissions: HTML {
        if places.isEmpty {
            return """
                <p>What the role must be allowed is on an environment’s page, once there is one in this account: it names each \
                permission that is missing, with the policy to paste.</p>
                """
        }
        let policies = places.enumerated().map { index, place -> HTML in
            let group = place.definition?.logGroup ?? LogPlace.defaultGroup
            return Self.policy(
                "permissions-\(index)", "Permissions for \(place.name)",
                RequiredPolicy(place, logGroup: group).text(for: RequiredPolicy.all))
        }
        return "\(policies)"
    }

    static func policy(_ id: String, _ title: String, _ text: String) -> HTML {
        """
        <div><h3>\(title)</h3><div class="policy"><div class="scroll" role="group" aria-label="\(title)" tabindex="0">\
        <pre id="\(id)">\(text)</pre></div>\(CopyButton.html(id))</div></div>
        """
    }

    private var roleForm: HTML {
        let checked: HTML? = entry.isDefault ? " checked" : nil
        return """
            <form class="flow" method="post" action="/credentials/roles">\(FormToken.input(formToken))\(from)
            <div class="row">\(fields.text("name", "Name", entry.name, hint: "Yours to choose"))
            \(fields.text("region", "Region", entry.region, hint: "Where it is assumed, such as eu-central-1"))</div>
            \(fields.text(
                "role_arn", "Role’s ARN", entry.roleARN, hint: "arn:aws:iam::ACCOUNT:role/NAME",
                extra: "class=\"mono\" autocomplete=\"off\" spellcheck=\"false\""))
            <div class="choice"><label><input type="checkbox" name="is_default" value="yes"\(checked)>\
            Use it where an environment of its account takes my own credential</label></div>
            \(proof)<div><button class="btn main">Add role</button></div></form>
            """
    }
}

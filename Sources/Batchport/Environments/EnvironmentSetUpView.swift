import HTML

struct EnvironmentSetUpView {
    let outputs: String
    let asked: StackImport
    /// The asker's own.
    let credentials: [Credential]
    let problems: [Failure.Problem]
    let assets: Assets
    let formToken: String

    var content: HTML {
        """
        <ol class="crumbs"><li><a href="/environments">Environments</a></li></ol>
        <div class="head"><div><h1>Set up AWS</h1>
        <p class="says">From an AWS account with nothing in it to a first job, in the order in which things are needed.</p></div></div>
        <form method="post" action="/environments/import" novalidate>\(FormToken.input(formToken))<div class="flow">
        \(fields.summary("Nothing was stored. What you pasted is still here."))
        \(step(1, "The image", image))
        \(step(2, "The stack", stack))
        \(step(3, "Its outputs", paste))
        \(step(4, "Check and try", check))
        </div></form>
        """
    }

    private func step(_ number: Int, _ title: String, _ body: HTML) -> HTML {
        """
        <section class="sec" aria-labelledby="step-\(number)"><div class="side"><h2 id="step-\(number)">\(number). \(title)</h2>\
        </div><div class="flow">\(body)</div></section>
        """
    }

    private let image: HTML = """
        <p>Jobs in Python, shell or Wolfram Language need Batchport’s runner in their image. \
        <code>deploy/runner/bundle deploy/aws/runner.tar</code> packs it, <code>deploy/aws/Dockerfile</code> adds it to any \
        image, and <code>deploy/aws/image</code> does the same without Docker. Put the image into a registry that AWS reaches.</p>
        """

    private let stack: HTML = """
        <p>Make a CloudFormation stack from <code>deploy/aws/environment.yaml</code>, in the console or with</p>
        <pre class="mono" role="group" aria-label="Command" tabindex="0">aws cloudformation deploy --stack-name NAME --capabilities CAPABILITY_IAM \\
          --template-file deploy/aws/environment.yaml --parameter-overrides \\
          Image=IMAGE PortalPrincipal=ARN ExternalId=ID</pre>
        <p><code>PortalPrincipal</code> is who Batchport is at AWS, and <code>ExternalId</code> what only it knows of your \
        account: <a href="/credentials/roles">Add a role</a> shows both. <code>Capacity</code> chooses \
        machines on demand, Spot or with GPUs; they cost nothing while no job wants them.</p>
        """

    private var fields: FormFields { FormFields(assets: assets, problems: problems) }

    private var byName: HTML {
        let options = credentials.map { one -> HTML in
            let selected: HTML? = one.id.lower == asked.credential ? " selected" : nil
            return "<option value=\"\(one.id.lower)\"\(selected)>\(one.name), \(one.region)</option>"
        }
        return """
            <p>When the stack is complete, its outputs are the environment’s fields. Batchport asks for them by the stack’s \
            name, with a credential of yours that may describe it (<code>cloudformation:DescribeStacks</code>):</p>
            <div class="row">\(fields.text("stackName", "Stack", asked.stackName, hint: "Its name, or its ARN"))
            \(fields.text("region", "Region", asked.region, hint: "Empty: the credential’s own"))</div>
            \(fields.field("credential", "Credential", hint: nil) { "<select \($0)>\(options)</select>" })
            <div class="submit"><button class="btn main" name="by" value="name">Go on with this stack</button>
            <span class="small dim">Nothing is stored yet: you see the environment’s form with them first.</span></div>
            """
    }

    private var paste: HTML {
        """
        \(byName)<h3>Or paste them</h3>
        <pre class="mono" role="group" aria-label="Command" tabindex="0">aws cloudformation describe-stacks --stack-name NAME</pre>
        \(fields.field(
            "outputs", "Outputs", hint: "All that this command prints, or only its Outputs", full: true) { tied in
            """
            <textarea class="mono" \(tied) rows="8" spellcheck="false" autocapitalize="off" autocomplete="off">
            \(outputs)</textarea>
            """
        })
        <div class="submit"><button class="btn">Go on with what is pasted</button></div>
        """
    }

    private let check: HTML = """
        <p>The stack’s <code>roleARN</code> belongs under <a href="/credentials/roles">Add a role</a>: it is what signs. \
        In that form, say whose identity signs and who may use it. Once it is made it is checked at AWS, and its page \
        says what is found with the remedy for each. Then <a href="/jobs/new">submit a job</a> there and download what it \
        wrote.</p>
        """
}

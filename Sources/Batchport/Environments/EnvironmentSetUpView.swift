import HTML
import HTTP

/// The way from an AWS account with nothing in it to a first job, in the order of jobs.md "Setting up AWS".
struct EnvironmentSetUpView {
    let outputs: String
    let asked: StackImport
    /// The asker's own.
    let credentials: [Credential]
    let portal: ShownPortal
    /// Where the stack is to be made, once it was said.
    let account: String
    /// The asker's own for that account.
    let externalID: String?
    let problems: [Failure.Problem]
    let assets: Assets
    let formToken: String

    var content: HTML {
        """
        <ol class="crumbs"><li><a href="/environments">Environments</a></li></ol>
        <div class="head"><div><h1>Set up AWS</h1>
        <p class="says">From an AWS account with nothing in it to a first job, in the order in which things are needed.</p></div></div>
        <div class="flow">\(fields.summary("Nothing was stored. What you pasted is still here."))
        \(step(1, "The image", image))
        \(step(2, "Who Batchport is", identity))
        \(step(3, "The stack", stack))
        \(step(4, "Its role", role))
        \(step(5, "Its outputs", paste))
        \(step(6, "The check", check))
        \(step(7, "A test job", test))
        </div>
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

    private var identity: HTML {
        let arn: HTML =
            portal.arn.map {
                "<p>At AWS it is <code id=\"portal-arn\">\($0)</code> \(CopyButton.html("portal-arn"))</p>"
            }
                ?? """
                <p>Who it is at AWS is not known: \(portal.trouble). Until then a stack can be used with an access key only.</p>
                """
        let secret: HTML? = externalID.map {
            """
            <p>Your ExternalId for the account \(account) is <code id="external-id">\($0)</code> \
            \(CopyButton.html("external-id"))</p>
            """
        }
        return """
            \(arn)\(secret)
            <form class="flow" method="post" action="/credentials/external-ids">\(FormToken.input(formToken))
            <input type="hidden" name="from" value="set-up">
            \(fields.text(
                "account", "AWS account of the stack", account,
                hint: "12 digits. Its ExternalId is made once, is yours alone, and keeps others from using the stack’s role through Batchport",
                extra: "class=\"mono\" inputmode=\"numeric\" autocomplete=\"off\""))
            <div><button class="btn">Show its ExternalId</button></div></form>
            """
    }

    private var stack: HTML {
        """
        <p>Make a CloudFormation stack from <code>deploy/aws/environment.yaml</code>, in the console or with</p>
        <pre class="mono" role="group" aria-label="Command" tabindex="0">aws cloudformation deploy --stack-name NAME --capabilities CAPABILITY_IAM \\
          --template-file deploy/aws/environment.yaml --parameter-overrides \\
          Image=IMAGE PortalPrincipal=\(portal.arn ?? "ARN") ExternalId=\(externalID ?? "ID")</pre>
        <p><code>PortalPrincipal</code> and <code>ExternalId</code> are those of step 2. <code>Capacity</code> chooses \
        machines on demand, Spot or with GPUs; they cost nothing while no job wants them.</p>
        """
    }

    private var role: HTML {
        let query = account.isEmpty ? "" : "&account=" + percentEncode(account)
        return """
            <p>When the stack is complete, its output <code>roleARN</code> is the role that signs. \
            <a href="/credentials/roles?from=set-up\(query)#role-step">Add it as a role of yours</a>: it is checked there, and \
            the way leads back here.</p>
            """
    }

    private var fields: FormFields { FormFields(assets: assets, problems: problems) }

    private var byName: HTML {
        let options = credentials.map { one -> HTML in
            let selected: HTML? = one.id.lower == asked.credential ? " selected" : nil
            return "<option value=\"\(one.id.lower)\"\(selected)>\(one.name), \(one.region)</option>"
        }
        return """
            <p>The stack’s outputs are the environment’s fields. Batchport asks for them by the stack’s name, with that role or \
            another credential of yours that may describe it (<code>cloudformation:DescribeStacks</code>):</p>
            <div class="row">\(fields.text("stackName", "Stack", asked.stackName, hint: "Its name, or its ARN"))
            \(fields.text("region", "Region", asked.region, hint: "Empty: the credential’s own"))</div>
            \(fields.field("credential", "Credential", hint: nil) { "<select \($0)>\(options)</select>" })
            <div class="submit"><button class="btn main" name="by" value="name">Go on with this stack</button>
            <span class="small dim">Nothing is stored yet: you see the environment’s form with them first.</span></div>
            """
    }

    private var paste: HTML {
        """
        <form class="flow" method="post" action="/environments/import" novalidate>\(FormToken.input(formToken))
        \(byName)<h3>Or paste them</h3>
        <pre class="mono" role="group" aria-label="Command" tabindex="0">aws cloudformation describe-stacks --stack-name NAME</pre>
        \(fields.field(
            "outputs", "Outputs", hint: "All that this command prints, or only its Outputs", full: true) { tied in
            """
            <textarea class="mono" \(tied) rows="8" spellcheck="false" autocapitalize="off" autocomplete="off">
            \(outputs)</textarea>
            """
        })
        <div class="submit"><button class="btn">Go on with what is pasted</button></div></form>
        """
    }

    private let check: HTML = """
        <p>In the form that comes then, say whose identity signs and who may use it. Once the environment is made it is \
        checked at AWS, and its page says what is found with the remedy for each.</p>
        """

    private let test: HTML = """
        <p>When its page says that it works, “Test job” there opens the form of a new job, filled in: submit it and \
        download <code>hello.txt</code>, which it wrote. <a href="\(TestJob.address())">The same in Python</a>, for the first \
        environment that you may use.</p>
        """
}

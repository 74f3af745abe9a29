import HTML

/// What an environment is made of, in lists of facts.
struct EnvironmentFacts {
    private let environment: BatchEnvironment

    init(_ environment: BatchEnvironment) { self.environment = environment }

    var identity: HTML {
        """
        \(signs)\(custodian)
        <dl class="facts">
        <div class="wide"><dt>Bucket</dt><dd><code>\(environment.ioBucket)</code>, under <code>\(environment.prefix)\
        </code></dd></div>
        <div class="wide"><dt>Job definition</dt><dd><code>\(environment.definition?.arn ?? environment.jobDefinition)\
        </code></dd></div>
        <div class="wide"><dt>Job queue</dt><dd><code>\(environment.jobQueue)</code></dd></div>
        <div><dt>Region</dt><dd>\(environment.region)</dd></div>
        <div><dt>Account</dt><dd>\(environment.account)</dd></div>
        <div><dt>Languages</dt><dd>\(environment.languageWords)</dd></div>
        </dl>
        """
    }

    private var signs: HTML {
        switch environment.signer {
        case .automatic:
            "<p><b>Yours:</b> each person’s own credential of this account signs for their jobs, their default one first.</p>"
        case .new:
            """
            <p><b>A new one each time:</b> who submits enters a credential for that job alone. Saved ones are not used.</p>
            """
        case .credential where environment.identityIsGone:
            "<p><b>A shared credential, which was deleted.</b> Nothing can be sent until an admin gives another one.</p>"
        case .credential:
            """
            <p><b>A shared credential.</b> Everyone who may use this environment uses it through the environment; nobody \
            can see it.</p>
            """
        }
    }

    private var custodian: HTML {
        if environment.custodianIsGone {
            return """
                <p>The custodian’s credential was deleted: until an admin names another, a job whose own is gone is not \
                tracked, captured, downloaded or deleted.</p>
                """
        }
        return environment.custodian == nil
            ? """
            <p>No custodian: once a job’s own credential is gone, its tracking, log, downloads and deletion stop until an \
            admin names one.</p>
            """
            : "<p>A custodian tracks, captures, serves downloads and deletes where a job’s own credential is gone.</p>"
    }

    var limits: HTML {
        let limits = environment.limits
        let rule = environment.memoryRule
        func most(_ number: Int?) -> String { number.map { Words.count($0) } ?? "no limit" }
        return """
            <dl class="facts">
            <div><dt>Memory</dt><dd>\(Words.count(limits.memoryMiB)) MiB</dd></div>
            <div><dt>vCPUs</dt><dd>\(limits.vcpus)</dd></div><div><dt>GPUs</dt><dd>\(limits.gpus)</dd></div>
            <div><dt>Time, each attempt</dt><dd>\(limits.seconds.map { Words.count($0) + " s" } ?? "no limit")</dd></div>
            <div><dt>Children of an array</dt><dd>\(Words.count(limits.arraySize))</dd></div>
            <div><dt>Jobs at once</dt><dd>\(most(limits.concurrentJobs))</dd></div>
            <div><dt>Jobs at once, each person</dt><dd>\(most(limits.concurrentJobsPerPerson))</dd></div>
            <div><dt>Jobs in 24 hours</dt><dd>\(most(limits.jobsPerDay))</dd></div>
            <div><dt>Jobs in 24 hours, each person</dt><dd>\(most(limits.jobsPerDayPerPerson))</dd></div>
            <div><dt>Input file through Batchport</dt><dd>\(Words.size(limits.inlineBytes))</dd></div>
            <div><dt>Input file at all</dt><dd>\(Words.size(limits.uploadBytes))</dd></div>
            </dl>
            <p>Memory <b>Automatic</b> is the largest of: the definition’s memory, \(Words.count(rule.mibPerVCPU)) MiB for \
            each vCPU, \(Words.count(rule.mibPerGPU)) MiB for each GPU, and \(Words.count(rule.floorMiB)) MiB.</p>
            """
    }

    /// Tags and variables.
    var given: HTML {
        let tags = environment.forcedTags.sorted { $0.key < $1.key }.map { tag -> HTML in
            "<div><dt>Tag <code>\(tag.key)</code></dt><dd>\(tag.value)</dd></div>"
        }
        let variables = environment.variables.sorted { $0.key < $1.key }.map { name, variable -> HTML in
            let value: HTML =
                switch variable {
                case .plain(let text): "<code>\(text)</code>"
                case .sealed: "<span class=\"dim\">sealed: it reaches the job and no page</span>"
                }
            return "<div><dt>Variable <code>\(name)</code></dt><dd>\(value)</dd></div>"
        }
        return tags.isEmpty && variables.isEmpty
            ? "<p class=\"dim\">None.</p>" : "<dl class=\"rows\">\(tags + variables)</dl>"
    }
}

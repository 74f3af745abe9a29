import AWS

/// What can be wrong with the values that would hold, whoever chose them: the environment's limits, and AWS's own rules.
extension EffectiveSettings {
    func problems(in environment: BatchEnvironment) -> [Failure.Problem] {
        let limits = environment.limits
        var problems =
            over("/settings/vcpuCount", "VCPUCount", vcpus, limits.vcpus, limits.allowed(.vcpuCount))
            + over("/settings/gpuCount", "GPUCount", gpus, limits.gpus, limits.allowed(.gpuCount))
        if memory.source != .asked, memory.value > limits.memoryMiB {
            problems.append(
                .init(
                    "/settings/memory", "tooLarge",
                    "Memory would be \(Words.count(memory.value)) MiB, more than the \(Words.count(limits.memoryMiB)) MiB \(limits.allowed(.memory)).",
                    limit: limits.memoryMiB))
        }
        if memory.source != .asked, memory.value < 4 {
            problems.append(
                .init(
                    "/settings/memory", "tooSmall",
                    "The definition sets no memory of at least 4 MiB, which AWS needs: ask for a quantity.", limit: 4))
        }
        return problems + (definition.isFargate ? fargateProblems : [])
    }

    /// One that was asked for is held against the limit where it is read.
    private func over(
        _ pointer: String, _ name: String, _ count: Count, _ most: Int, _ allowed: String
    ) -> [Failure.Problem] {
        guard count.isInherited, count.value > most else { return [] }
        return [
            .init(
                pointer, "tooLarge",
                """
                The definition's \(name) of \(Words.count(count.value)) is more than the \(Words.count(most)) \(allowed): \
                ask for less.
                """,
                limit: most)
        ]
    }

    private var fargateProblems: [Failure.Problem] {
        var problems: [Failure.Problem] = []
        if gpus.value > 0 {
            problems.append(
                .init("/settings/gpuCount", "fargate", "Fargate, where this environment runs, has no GPUs.", limit: 0))
        }
        guard let steps = Fargate.memory(vcpus: vcpuText) else {
            let known = Fargate.vcpuCounts.map(String.init).joined(separator: ", ")
            let fault = Failure.Problem(
                "/settings/vcpuCount", "fargate",
                "Fargate, where this environment runs, has no \(vcpuText) vCPUs; it has \(known).")
            return problems + [fault]
        }
        if steps.next(atLeast: memory.value) != memory.value {
            problems.append(
                .init(
                    "/settings/memory", "fargate",
                    "With \(vcpuText) vCPUs Fargate has \(Words.count(steps.least)) to \(Words.count(steps.most)) MiB in steps of \(Words.count(steps.step)), not \(Words.count(memory.value)).\(hint(steps))",
                    limit: steps.most))
        }
        return problems
    }

    private func hint(_ steps: Fargate.Memory) -> String {
        steps.next(atLeast: memory.value).map { " The next is \(Words.count($0))." } ?? " Ask for more vCPUs."
    }
}

extension SubmissionRules {
    /// Without the runner, command and variables travel in the request itself, and AWS counts them. Values of sealed
    /// variables are not known here: with them it is measured again before it is sent.
    mutating func checkRequest() {
        guard let definition = environment.definition, !definition.hasRunner,
            request.language == Language.command.rawValue
        else { return }
        var input = SubmitJobInput(jobName: "", jobQueue: environment.jobQueue, jobDefinition: definition.arn)
        let given = environment.variables.map { name, variable -> (name: String, value: String) in
            if case .plain(let text) = variable { (name, text) } else { (name, "") }
        }
        input.command = request.argv
        input.environment = given + request.variables
        let room = SubmitJobInput.longestOverrides - Self.longestOverhead
        if input.overridesLength > room {
            refuse(
                "/code/argv", "tooLong",
                "The command and the variables take \(Words.count(input.overridesLength)) characters as JSON; AWS takes at most \(Words.count(room)).",
                limit: room)
        }
    }

    /// For the settings and the variable that names the job.
    private static let longestOverhead = 320
}

import HTTP

/// CloudFormation as far as setting up an environment needs it: one stack, that of the environment which stands here from
/// the first start on, with the outputs of `deploy/aws/environment.yaml`.
enum CloudFormationService {
    static let namespace: StaticString = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
    static let stackName = "batchport-local"

    static func answer(
        _ operation: String, _ form: Form, _ caller: LocalCaller, _ region: String, id: String
    ) throws -> Response {
        guard operation == "DescribeStacks" else {
            throw LocalFault(
                code: "InvalidAction", message: "Could not find operation \(operation) for version 2010-05-15")
        }
        let stackID = arn(caller, region)
        let wanted = try form.one("StackName") ?? stackName
        guard wanted == stackName || wanted == stackID else {
            throw LocalFault(code: "ValidationError", message: "Stack with id \(wanted) does not exist")
        }
        return .xml(
            XMLText.document("DescribeStacksResponse", namespace: namespace) { xml in
                xml.element("DescribeStacksResult") { xml in
                    xml.element("Stacks") { xml in
                        xml.element("member") { write(stackID, outputs(caller.account, region), to: &$0) }
                    }
                }
                xml.element("ResponseMetadata") { $0.element("RequestId", id) }
            })
    }

    static func permissions(
        _ operation: String, _ form: Form, _ caller: LocalCaller, _ region: String
    ) -> [Permission] {
        guard operation == "DescribeStacks" else { return [] }
        let asked = form.all("StackName").first ?? "*"
        let known = arn(caller, region)
        let resource = asked == stackName || asked == known ? known : "\(stacks(caller, region))\(asked)/*"
        return [Permission("cloudformation:DescribeStacks", resource)]
    }

    private static func stacks(_ caller: LocalCaller, _ region: String) -> String {
        "arn:aws:cloudformation:\(region):\(caller.account):stack/"
    }

    private static func arn(_ caller: LocalCaller, _ region: String) -> String {
        "\(stacks(caller, region))\(stackName)/first-start"
    }

    private static func outputs(_ account: String, _ region: String) -> [(key: String, value: String)] {
        let batch = "arn:aws:batch:\(region):\(account):"
        return [
            ("region", region), ("ioBucket", FirstStart.bucket), ("prefix", "batchport/"),
            ("jobDefinition", batch + "job-definition/batchport-runner:1"), ("jobQueue", batch + "job-queue/local"),
            ("languages", "shell,python,command"),
        ]
    }

    private static func write(_ id: String, _ outputs: [(key: String, value: String)], to xml: inout XMLText) {
        xml.element("StackName", stackName)
        xml.element("StackId", id)
        xml.element("StackStatus", "CREATE_COMPLETE")
        xml.element("Outputs") { xml in
            for output in outputs {
                xml.element("member") { xml in
                    xml.element("OutputKey", output.key)
                    xml.element("OutputValue", output.value)
                }
            }
        }
    }
}

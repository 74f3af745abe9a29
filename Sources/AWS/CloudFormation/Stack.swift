internal import HTTPClient

/// A CloudFormation stack as DescribeStacks tells of it.
package struct Stack: Sendable, Equatable {
    package let name: String
    /// The stack's ARN.
    package let id: String
    /// Such as `CREATE_COMPLETE`.
    package let status: String
    /// By their keys; a key stands once.
    package let outputs: [String: String]

    /// Made, or changed since, and at rest.
    package var isReady: Bool {
        ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"].contains(status)
    }
}

extension AWSClient {
    /// DescribeStacks of one stack, by its name or ARN. One that does not exist is the error `ValidationError`.
    package mutating func stack(
        _ name: String, by credentials: AWSCredentials, in region: String
    ) throws(AWSError) -> Stack {
        let call = Call.cloudFormation("DescribeStacks", [("StackName", name)])
        let response = try answer(call, credentials, region)
        guard let document = try? XMLText.decode(DescribeStacksResponse.self, response.body),
            let found = document.describeStacksResult.stacks.member.first
        else { throw call.unreadable("It is not a DescribeStacksResponse with a stack.") }
        let outputs = found.outputs?.member ?? []
        return Stack(
            name: found.stackName, id: found.stackId, status: found.stackStatus,
            outputs: Dictionary(outputs.map { ($0.outputKey, $0.outputValue) }) { first, _ in first })
    }
}

private struct DescribeStacksResponse: Decodable {
    struct Result: Decodable { let stacks: Stacks }
    struct Stacks: Decodable { let member: [Member] }
    struct Member: Decodable {
        let stackName: String
        let stackId: String
        let stackStatus: String
        let outputs: Outputs?
    }
    struct Outputs: Decodable { let member: [Output]? }
    struct Output: Decodable {
        let outputKey: String
        let outputValue: String
    }

    let describeStacksResult: Result
}

import IAMPolicy
import JSON
import Testing

/// What is no policy, and why.
struct GrammarTests {
    private static let good = #"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}"#

    @Test(arguments: [
        ("{", "The policy is not in the valid JSON format."),
        ("[]", "the policy must be an object."),
        ("{}", "Statement is missing."),
        (#"{"Statement": []}"#, "Statement is empty."),
        (#"{"Version": "2026-01-01", "Statement": []}"#, "Version must be 2012-10-17 or 2008-10-17."),
        (#"{"Statment": []}"#, "the policy has no element Statment."),
        (#"{"Statement": [1]}"#, "a statement must be an object."),
        (statement(#""Effect": "Allow", "Action": "s3:*""#), "Policy statement must contain resources."),
        (statement(#""Effect": "Allow", "Resource": "*""#), "Missing Action."),
        (statement(#""Action": "s3:*", "Resource": "*""#), "Effect must be Allow or Deny."),
        (statement(#""Effect": "allow", "Action": "s3:*", "Resource": "*""#), "Effect must be Allow or Deny."),
        (
            statement(#""Effect": "Allow", "Action": "*", "NotAction": "*", "Resource": "*""#),
            "a statement has both Action and NotAction."
        ),
        (
            statement(#""Effect": "Allow", "Action": "GetObject", "Resource": "*""#),
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
        ),
        (
            statement(#""Effect": "Allow", "Action": [], "Resource": "*""#),
            "Action must be a string or a list of strings."
        ),
        (
            statement(#""Effect": "Allow", "Action": "s3:*", "Resource": "bucket/*""#),
            #"Resource bucket/* must be in ARN format or "*"."#
        ),
        (
            statement(#""Effect": "Allow", "Action": "s3:*", "Resource": "*", "Principal": "*""#),
            "Policy document must not specify a principal."
        ),
        (
            statement(#""Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::${aws:username""#),
            "A variable of arn:aws:s3:::${aws:username has no end."
        ),
        (condition(#""StringEqual": {"s3:prefix": "a"}"#), "Invalid Condition type : StringEqual"),
        (condition(#""NullIfExists": {"s3:prefix": "true"}"#), "Invalid Condition type : NullIfExists"),
        (
            condition(#""StringEquals": {"prefix": "a"}"#),
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
        ),
        (condition(#""StringEquals": {"s3:prefix": {}}"#), "The values of s3:prefix must be plain."),
        (condition(#""StringEquals": "a""#), "StringEquals must be an object."),
        (condition(#""IpAddress": {"aws:SourceIp": "10.0.0.0/33"}"#), "Invalid value for IpAddress: 10.0.0.0/33"),
        (condition(#""IpAddress": {"aws:SourceIp": "1::2::3"}"#), "Invalid value for IpAddress: 1::2::3"),
        (condition(#""NumericEquals": {"s3:max-keys": "many"}"#), "Invalid value for NumericEquals: many"),
        (condition(#""DateLessThan": {"aws:CurrentTime": "soon"}"#), "Invalid value for DateLessThan: soon"),
        (condition(#""Bool": {"aws:SecureTransport": "yes"}"#), "Invalid value for Bool: yes"),
    ])
    func whatIsNoPolicy(text: String, problem: String) throws {
        let error = #expect(throws: PolicyProblem.self) {
            try PolicyDocument(Array(text.replacing("GOOD", with: Self.good).utf8), as: .identity)
        }
        #expect(error?.description == problem)
    }

    @Test(arguments: [
        (
            #"{"Effect": "Allow", "Action": "s3:*", "Principal": "*"}"#, PolicyDocument.Kind.trust,
            "AssumeRole policy may only specify STS AssumeRole actions."
        ),
        (#"{"Effect": "Allow", "Action": "sts:AssumeRole"}"#, .trust, "Missing Principal."),
        (
            #"{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*", "Resource": "*"}"#, .trust,
            "Has prohibited field Resource."
        ),
        (
            #"{"Effect": "Allow", "Action": "s3:*", "Principal": {}, "Resource": "*"}"#, .resource,
            "Principal names nobody."
        ),
        (
            #"{"Effect": "Allow", "Action": "s3:*", "Principal": {"AWS": "first"}, "Resource": "*"}"#, .resource,
            "Invalid principal in policy: first"
        ),
        (
            #"{"Effect": "Allow", "Action": "s3:*", "Principal": {"Aws": "*"}, "Resource": "*"}"#, .resource,
            "Principal has no element Aws."
        ),
        (
            #"{"Effect": "Allow", "Action": "s3:*", "NotPrincipal": "*", "Resource": "*"}"#, .resource,
            "Allow with NotPrincipal is not supported."
        ),
    ])
    func whatIsNoPolicyOfARoleOrBucket(text: String, kind: PolicyDocument.Kind, problem: String) throws {
        let error = #expect(throws: PolicyProblem.self) {
            try PolicyDocument(["Statement": try JSONValue.parse(Array(text.utf8))], as: kind)
        }
        #expect(error?.description == problem)
    }

    @Test func aSidStandsOnce() throws {
        let text = #"{"Sid": "a", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}"#
        let one = try JSONValue.parse(Array(text.utf8))
        #expect(throws: PolicyProblem.self) { try PolicyDocument(["Statement": [one, one]], as: .identity) }
        _ = try PolicyDocument(["Statement": [one]], as: .identity)
    }

    private static func statement(_ members: String) -> String {
        #"{"Version": "2012-10-17", "Statement": [{\#(members)}]}"#
    }

    private static func condition(_ members: String) -> String {
        statement(#""Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {\#(members)}"#)
    }
}

internal import HTTP
internal import HTTPClient

/// Where buckets turned out to be, that were asked for in another Region.
struct BucketRegions {
    private struct Asked: Hashable {
        let bucket: String
        let region: String
    }

    /// One that is wrong costs one more request, one that is forgotten too: so there is no more to it than this.
    private static let most = 1000
    private var known: [Asked: String] = [:]

    func region(of bucket: String?, asked region: String) -> String {
        bucket.flatMap { known[Asked(bucket: $0, region: region)] } ?? region
    }

    mutating func note(_ bucket: String, asked region: String, isIn found: String) {
        if known.count >= Self.most { known.removeAll() }
        known[Asked(bucket: bucket, region: region)] = found
    }
}

extension BucketRegions {
    /// What the answer to a question about the bucket says, whether it is a success or not.
    fileprivate static func named(by answer: HTTPClient.Response, to question: Call) -> String? {
        if let report = ErrorReport(question, answer) { return report.bucketRegion }
        return answer.headers.first("x-amz-bucket-region") ?? constraint(answer.body)
    }

    /// `<LocationConstraint>eu-central-1</LocationConstraint>`: the two oldest Regions are not called by their names.
    private static func constraint(_ document: [UInt8]) -> String? {
        guard XMLText.root(document) == "LocationConstraint",
            let start = String(decoding: document, as: UTF8.self).split(separator: "<LocationConstraint").last
        else { return nil }
        let name = start.drop { $0 != ">" }.dropFirst().prefix { $0 != "<" }
        return name.isEmpty ? "us-east-1" : name == "EU" ? "eu-west-1" : String(name)
    }
}

extension AWSEndpoints {
    /// Whether an answer of S3's may send a request on from the one Region to the other. Both are AWS's own, known and of
    /// one partition, or both stand in the settings file: nothing that comes over the wire leads elsewhere (trust.md S38).
    func mayLead(from region: String, to other: String) -> Bool {
        guard let here = base(.s3, region), let there = base(.s3, other), region != other,
            here.isOverridden == there.isOverridden
        else { return false }
        return here.isOverridden || Regions.domain(of: region) == Regions.domain(of: other)
    }
}

extension AWSClient {
    /// The Region that the bucket of a refused call is in, where that is why it was refused, as botocore's redirector
    /// finds it: in the answer's header, else in its document, else by asking for the bucket; and where that does not say
    /// either, by asking where it is.
    mutating func bucketRegion(
        of call: Call, _ failed: Attempt.Failed, _ credentials: AWSCredentials, askedIn region: String
    ) throws(AWSError) -> String? {
        guard let bucket = call.bucket, failed.saysElsewhere(call) else { return nil }
        var found = failed.error.bucketRegion
        let questions = [
            Call.s3("HeadBucket", "HEAD", bucket: bucket),
            Call.s3("GetBucketLocation", "GET", bucket: bucket, query: [("location", nil)]),
        ]
        for question in questions where found == nil {
            let request = signed(question, to: try endpoints.address(of: question, region), credentials, region)
            found = (try? http.send(request)).flatMap { BucketRegions.named(by: $0, to: question) }
        }
        return found.flatMap { endpoints.mayLead(from: region, to: $0) ? $0 : nil }
    }
}

extension Attempt.Failed {
    fileprivate func saysElsewhere(_ call: Call) -> Bool {
        switch error.code {
        case "PermanentRedirect", "TemporaryRedirect": true
        case "AuthorizationHeaderMalformed": error.bucketRegion != nil
        case "IllegalLocationConstraintException": call.operation != "CreateBucket"
        // The answer to a HEAD has no document that could say so.
        case "400": call.method == "HEAD"
        default: [301, 302, 307].contains(error.status)
        }
    }
}

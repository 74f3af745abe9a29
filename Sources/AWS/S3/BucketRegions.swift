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
    /// finds it: in the answer's header, else in its document, else by asking for the bucket.
    mutating func bucketRegion(
        of call: Call, _ failed: Attempt.Failed, _ credentials: AWSCredentials, askedIn region: String
    ) throws(AWSError) -> String? {
        guard let bucket = call.bucket, failed.saysElsewhere(call) else { return nil }
        var found = failed.error.bucketRegion
        if found == nil {
            let head = Call.s3("HeadBucket", "HEAD", bucket: bucket)
            let request = signed(head, to: try endpoints.address(of: head, region), credentials, region)
            found = try? http.send(request).headers.first("x-amz-bucket-region")
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

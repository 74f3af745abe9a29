import HTTP
import PostgreSQL

/// What `x-amz-copy-source` names, and what the request demands of it.
struct CopySource: Sendable {
    /// The most that one copy may take.
    static let limit = 5 << 30

    let target: S3Target
    private let conditions: ReadConditions

    /// `BUCKET/KEY`, percent-encoded, perhaps with a slash in front and a version behind.
    init(_ request: Request) throws(LocalFault) {
        let text = request.headers.first("x-amz-copy-source") ?? ""
        let halves = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = halves.first ?? ""
        target = try S3Target(rawPath: (path.hasPrefix("/") ? "" : "/") + path)
        guard !target.bucket.isEmpty, !target.key.isEmpty else {
            throw LocalFault(
                code: "InvalidArgument",
                message: "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
                details: [("ArgumentName", "x-amz-copy-source"), ("ArgumentValue", text)])
        }
        guard halves.count == 1 || halves[1] == "versionId=null" else {
            throw LocalFault(
                status: 404, code: "NoSuchVersion", message: "The specified version does not exist.",
                details: [("Key", target.key)])
        }
        conditions = ReadConditions(request, prefix: "x-amz-copy-source-")
    }

    /// Every condition that does not hold is 412.
    /// - Parameter withTags: the source's tags, if it has any, are copied too.
    func open(
        _ call: S3Call, withTags: Bool, _ database: inout Connection
    ) throws -> (StoredObject, OpenedFile) {
        try Buckets.require(target.bucket, &database)
        let policy = try database.row(BucketPolicy.query(target.bucket)) { try BucketPolicy.read($0) } ?? nil
        let access = call.access.under(bucketPolicy: policy)
        let name = S3Operation.arn(target.bucket, target.key)
        try access.require([Permission("s3:GetObject", name)])
        let (object, file) = try StoredObject.open(target, call.files, access, &database)
        if withTags, !object.tags.isEmpty {
            try access.require([Permission("s3:GetObjectTagging", name)])
            let own = S3Operation.arn(call.bucket, call.key)
            try call.access.require([Permission("s3:PutObjectTagging", own)])
        }
        try conditions.checkMatch(object)
        if conditions.isUnchanged(object) { throw WriteCondition.failed("x-amz-copy-source-If-None-Match") }
        return (object, file)
    }

    /// `bytes=FIRST-LAST`, both given and inside; all of the object without it.
    func range(_ request: Request, _ object: StoredObject) throws(LocalFault) -> Range<Int> {
        let name = "x-amz-copy-source-range"
        guard let text = request.headers.first(name) else {
            try Self.check(object.size)
            return 0..<object.size
        }
        guard let bounds = Self.bounds(text) else {
            throw LocalFault(
                code: "InvalidArgument",
                message: "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last "
                    + "are the zero-based offsets of the first and last bytes to copy",
                details: [("ArgumentName", name), ("ArgumentValue", text)])
        }
        guard bounds.upperBound < object.size else {
            throw LocalFault(
                code: "InvalidArgument",
                message: "Range specified is not valid for source object of size: \(object.size)",
                details: [("ArgumentName", name), ("ArgumentValue", text)])
        }
        try Self.check(bounds.count)
        return Range(bounds)
    }

    static func check(_ size: Int) throws(LocalFault) {
        guard size > limit else { return }
        throw LocalFault(
            code: "InvalidRequest",
            message: "The specified copy source is larger than the maximum allowable size for a copy source: \(limit)")
    }

    private static func bounds(_ text: String) -> ClosedRange<Int>? {
        guard text.hasPrefix("bytes=") else { return nil }
        let halves = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        let isDigit = { (unit: UInt8) in (0x30...0x39).contains(unit) }
        guard halves.count == 2, halves.allSatisfy({ $0.utf8.allSatisfy(isDigit) }), let first = Int(halves[0]),
            let last = Int(halves[1]), first <= last
        else { return nil }
        return first...last
    }
}

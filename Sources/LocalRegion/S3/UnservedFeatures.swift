import HTTP

/// What a write may ask for by header, by a link's parameter or by a form's field, and the region does not have. What
/// means what is done anyway is taken; the rest is refused, since whoever was not refused would believe it was done.
enum UnservedFeatures {
    static func check(_ request: Request) throws(LocalFault) {
        for field in request.headers.fields { try check(field.name, field.value) }
        for item in request.query.items { try check(item.name.lowercased(), item.value) }
    }

    /// - Parameter form: lower-case names.
    static func check(form: [String: String]) throws(LocalFault) {
        for (name, value) in form.sorted(by: { $0.key < $1.key }) {
            try check(name == "acl" ? "x-amz-acl" : name, value)
        }
    }

    private static func check(_ name: String, _ value: String) throws(LocalFault) {
        guard name.hasPrefix("x-amz-") else { return }
        if name == "x-amz-storage-class", !storageClasses.contains(value) {
            throw LocalFault(
                code: "InvalidStorageClass", message: "The storage class you specified is not valid",
                details: [("StorageClassRequested", value)])
        }
        if let harmless = taken[name] {
            if !harmless.contains(value) { throw refusal(name, value) }
        } else if unserved.contains(where: name.hasPrefix) {
            throw refusal(name, value)
        }
    }

    private static func refusal(_ name: String, _ value: String) -> LocalFault {
        LocalFault(
            status: 501, code: "NotImplemented",
            message:
                "A header you provided implies functionality that is not implemented: the local region does not have \(name): \(value.prefix(64)).",
            details: [("Header", name)])
    }

    /// Values that are true of every bucket and object here.
    private static let taken: [String: Set<String>] = [
        "x-amz-acl": ["private", "bucket-owner-full-control"], "x-amz-storage-class": ["STANDARD"],
        "x-amz-server-side-encryption": ["AES256"], "x-amz-server-side-encryption-bucket-key-enabled": ["false"],
        "x-amz-bucket-object-lock-enabled": ["false"], "x-amz-object-lock-legal-hold": ["OFF"],
        "x-amz-object-ownership": ["BucketOwnerEnforced"],
    ]

    /// Beginnings of names.
    private static let unserved = [
        "x-amz-grant-", "x-amz-server-side-encryption", "x-amz-copy-source-server-side-encryption",
        "x-amz-object-lock-", "x-amz-website-redirect-location", "x-amz-write-offset-bytes", "x-amz-if-match-",
        "x-amz-mfa", "x-amz-bypass-governance-retention",
    ]

    private static let storageClasses: Set = [
        "STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER",
        "DEEP_ARCHIVE", "OUTPOSTS", "GLACIER_IR", "SNOW", "EXPRESS_ONEZONE", "FSX_OPENZFS", "FSX_ONTAP",
    ]
}

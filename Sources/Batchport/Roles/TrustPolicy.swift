/// The trust policy that a role must have, to paste.
struct TrustPolicy {
    let portal: String
    let externalID: String

    /// Naming who asks (`sts:SetSourceIdentity`) lets nobody in by itself.
    var text: String {
        """
        { "Version": "2012-10-17",
          "Statement": [
            { "Effect": "Allow",
              "Principal": { "AWS": "\(portal)" },
              "Action": "sts:AssumeRole",
              "Condition": { "StringEquals": { "sts:ExternalId": "\(externalID)" } } },
            { "Effect": "Allow",
              "Principal": { "AWS": "\(portal)" },
              "Action": "sts:SetSourceIdentity" } ] }
        """
    }
}

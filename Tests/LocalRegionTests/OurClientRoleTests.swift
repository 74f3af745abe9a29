import AWS
import PostgreSQL
import TestRegion
import TestSupport
import Testing

@testable import LocalRegion

/// Our own client as one that assumes a role: nothing of what it asks for is lost on the way.
@Suite struct OurClientRoleTests {
    @Test func theSessionIsAsItWasAskedFor() throws {
        let lent = try LentRegion()
        let (region, name) = (lent.region, RegionUnderTest.name)
        let start = "\(FirstStart.bucket)/batchport/"
        var input = AssumeRoleInput(
            roleARN: "arn:aws:iam::000000000000:role/" + FirstIdentities.portalRole, sessionName: "batchport",
            policy: """
                {"Version": "2012-10-17", "Statement": [
                    {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::\(start)mine"}]}
                """)
        input.externalID = FirstIdentities.externalID
        input.sourceIdentity = "person-7"
        input.seconds = 900
        var client = try region.client()
        let session = try client.assumeRole(input, by: try region.keys(), in: name)
        var database = try region.database.connect(.superuser)
        let kept = try database.row(
            """
            SELECT source_identity, extract(epoch FROM expires_at - created_at)::bigint FROM access_keys
            WHERE id = \(session.accessKeyID)
            """
        ) { [try $0.text(0), String(try $0.int(1))] }
        #expect(kept == ["person-7", "900"])
        try client.put([1], bucket: FirstStart.bucket, key: "batchport/mine", by: session, in: name)
        let other = #expect(throws: AWSError.self) {
            try client.put([1], bucket: FirstStart.bucket, key: "batchport/other", by: session, in: name)
        }
        #expect(other?.isAccessDenied == true)
    }
}

import HTTP

/// What a person sees who opens the endpoint in a browser.
enum StatusPage {
    static func response(_ server: LocalServer) -> Response {
        .text(
            """
            This is Batchport's local region (\(server.region), account \(server.account)). It is not AWS.

            It speaks the protocols of AWS Batch, S3, CloudWatch Logs and STS, and runs jobs on this machine, for trying,
            development and tests. Every request must be signed (Signature Version 4) with a key of this region.

            """)
    }
}

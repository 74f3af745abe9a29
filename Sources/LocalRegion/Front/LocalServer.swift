/// The local region's front: one process of FastCGI threads that answer for Batch, S3, CloudWatch Logs and STS.
package struct LocalServer: Sendable {
    /// libpq's.
    package var database: String
    /// Folder that holds `users.json` and `objects/`.
    package var state: String
    package var region = "us-local-1"
    package var account = "000000000000"
    /// 1 to 4.
    package var threads = 4

    package init(database: String, state: String) {
        self.database = database
        self.state = state
    }
}

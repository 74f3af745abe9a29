// Prints how many requests to S3 one thread signs in a second, as the client signs them: each with its own time, key and
// headers, the signing key derived anew.

import AWS
import Processes

let credentials = AWSCredentials(
    accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
let milliseconds: Int64 = 3000
let start = Clock.monotonicMilliseconds()
var count = 0
var last = ""
while Clock.monotonicMilliseconds() < start + milliseconds {
    for _ in 0..<100 {
        count += 1
        let signer = Signer(
            credentials, service: "s3", region: "eu-central-1", at: 1_764_000_000_000 + Int64(count) * 1000)
        let message = SigV4.Message(
            method: "PUT", path: "/jobs/\(count)/a%20b%2Bc/%C3%BC.csv", query: "partNumber=\(count)&uploadId=abc%2F",
            headers: [
                ("host", "bucket.s3.eu-central-1.amazonaws.com"), ("content-type", "text/csv; charset=utf-8"),
                ("x-amz-content-sha256", SigV4.emptyBodyHash),
            ])
        last = signer.headers(for: message).last?.value ?? ""
    }
}
print(last.isEmpty ? 0 : Int64(count) * 1000 / (Clock.monotonicMilliseconds() - start))

import AWS
import Cryptography
import TestSupport
import Testing

struct S3Tests {
    private func answer<R>(
        _ headers: [String] = [], _ body: String = "", _ call: (inout AWSClient) throws -> R
    ) throws -> (R, LoopbackRequest) {
        try LoopbackServer.run { connection in
            while try connection.readRequest() != nil { try connection.answer(200, headers, body) }
        } _: { server in
            var client = try AWSClient.once(to: server)
            let result = try call(&client)
            return (result, try #require(server.requests.first))
        }
    }

    @Test func aListingsKeysAreDecoded() throws {
        let body = """
            <?xml version="1.0" encoding="UTF-8"?>
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name><Prefix>a%2F</Prefix>
            <KeyCount>2</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>true</IsTruncated><EncodingType>url</EncodingType>
            <NextContinuationToken>1+/=</NextContinuationToken>
            <Contents><Key>a/b+c%2Bd%0A%3C</Key><LastModified>2026-11-25T16:00:00.000Z</LastModified>
            <ETag>&quot;e&quot;</ETag><Size>5000000000</Size><StorageClass>STANDARD</StorageClass></Contents>
            <Contents><Key>%C3%BC%20</Key><Size>0</Size></Contents></ListBucketResult>
            """
        let (page, request) = try answer([], body) {
            try $0.list(bucket: "bucket", prefix: "a b/+", continuation: "t+/=", by: .example, in: "us-local-1")
        }
        #expect(page.objects.map(\.key) == ["a/b c+d\n<", "ü "])
        #expect(page.objects[0].size == 5_000_000_000 && page.objects[0].etag == "\"e\"")
        #expect(page.objects[0].lastModified == 1_795_622_400_000)
        #expect(page.continuation == "1+/=")
        let query = "list-type=2&encoding-type=url&max-keys=1000&prefix=a%20b%2F%2B&continuation-token=t%2B%2F%3D"
        #expect(request.line == "GET /bucket/?\(query) HTTP/1.1")
    }

    @Test func anEmptyListing() throws {
        let body = "<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>0</KeyCount></ListBucketResult>"
        let (page, _) = try answer([], body) {
            try $0.list(bucket: "bucket", prefix: "", by: .example, in: "us-local-1")
        }
        #expect(page.objects.isEmpty && page.continuation == nil)
    }

    @Test func whatCouldNotBeDeletedIsToldByKey() throws {
        let body =
            "<DeleteResult><Error><Key>a&amp;b</Key><Code>AccessDenied</Code><Message>m</Message></Error></DeleteResult>"
        let (kept, request) = try answer([], body) {
            try $0.delete(bucket: "bucket", keys: ["a&b", "<c>", "d\re"], by: .example, in: "us-local-1")
        }
        #expect(kept.count == 1 && kept[0] == ("a&b", "AccessDenied"))
        let sent = String(decoding: request.body, as: UTF8.self)
        #expect(
            sent.contains("<Key>a&amp;b</Key>") && sent.contains("<Key>&lt;c&gt;</Key>") && sent.contains("d&#13;e"))
        var md5 = MD5Hasher()
        md5.update(request.body)
        #expect(request.header("content-md5") == base64(md5.finish()))
        #expect(request.line == "POST /bucket/?delete HTTP/1.1")
    }

    @Test func nothingKeptIsNothingSaid() throws {
        let (kept, _) = try answer([], "<DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>") {
            try $0.delete(bucket: "bucket", keys: ["a"], by: .example, in: "us-local-1")
        }
        #expect(kept.isEmpty)
    }

    @Test func anObjectsHead() throws {
        try LoopbackServer.run { connection in
            _ = try connection.readRequest()
            try connection.write(
                "HTTP/1.1 200 OK\r\nContent-Length: 12345678901\r\nETag: \"e-2\"\r\nContent-Type: text/csv\r\n"
                    + "Last-Modified: Wed, 25 Nov 2026 16:00:00 GMT\r\n\r\n")
        } _: { server in
            var client = try AWSClient.once(to: server)
            let head = try client.head(bucket: "bucket", key: "k", by: .example, in: "us-local-1")
            #expect(head.size == 12_345_678_901 && head.etag == "\"e-2\"" && head.contentType == "text/csv")
            #expect(head.lastModified == 1_795_622_400_000)
        }
    }

    @Test func aRange() throws {
        let (bytes, request) = try answer([], "0123") {
            try $0.get(bucket: "bucket", key: "a b", range: 5...8, maxBytes: 4, by: .example, in: "us-local-1")
        }
        #expect(bytes == Array("0123".utf8))
        #expect(request.header("range") == "bytes=5-8" && request.line == "GET /bucket/a%20b HTTP/1.1")
    }

    @Test func moreThanAskedForIsAnError() throws {
        let error = #expect(throws: AWSError.self) {
            try answer([], "01234") {
                try $0.get(bucket: "bucket", key: "k", maxBytes: 4, by: .example, in: "us-local-1")
            }
        }
        #expect(error?.code == "AnswerTooLarge" && error?.isTransient == false)
    }

    @Test func anUploadInParts() throws {
        let (upload, _) = try answer(
            [], "<InitiateMultipartUploadResult><UploadId>a+/=</UploadId></InitiateMultipartUploadResult>"
        ) { try $0.createMultipartUpload(bucket: "bucket", key: "k", by: .example, in: "us-local-1") }
        #expect(upload == MultipartUpload(bucket: "bucket", key: "k", id: "a+/="))
        let (etag, part) = try answer(["ETag: \"p1\""]) {
            try $0.uploadPart([1], number: 1, of: upload, by: .example, in: "us-local-1")
        }
        #expect(etag == "\"p1\"" && part.line == "PUT /bucket/k?partNumber=1&uploadId=a%2B%2F%3D HTTP/1.1")
        let (whole, complete) = try answer(
            [], "\n \n<CompleteMultipartUploadResult><ETag>&quot;w-2&quot;</ETag></CompleteMultipartUploadResult>"
        ) {
            try $0.completeMultipartUpload(upload, etags: ["\"p1\"", "\"p2\""], by: .example, in: "us-local-1")
        }
        #expect(whole == "\"w-2\"")
        let list = String(decoding: complete.body, as: UTF8.self)
        #expect(list.contains("<Part><PartNumber>2</PartNumber><ETag>\"p2\"</ETag></Part>"))
        let (_, abort) = try answer { try $0.abortMultipartUpload(upload, by: .example, in: "us-local-1") }
        #expect(abort.line == "DELETE /bucket/k?uploadId=a%2B%2F%3D HTTP/1.1")
    }
}
